#!/usr/bin/env bash
# Goal: kill -9 of the device and of the relay at random moments, 200 rounds, loses no note whose
# saving was acknowledged (P1): not on the device, and in the end not at headquarters.
# SEED and ROUNDS may be given; a failure prints its seed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seed=${SEED:-20261124}
rounds=${ROUNDS:-200}
RANDOM=$seed
import_lines=40
trap 'echo "seed $seed, round ${round:-0}" >&2' ERR

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# elapsed_ms COMMAND...
elapsed_ms() {
    local began
    began=$(now_ms)
    "$@"
    elapsed=$(($(now_ms) - began))
}

# pause MS
pause() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# pause_random FROM TO: between two times in ms (not in a subshell: that would reseed RANDOM)
pause_random() { pause $(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1))); }

# begin ARGUMENT...: daybook on Amir's device, in the background, so that it can be killed itself
begin() {
    "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" "$@" \
        >"$T/bg.out" 2>"$T/bg.err" </dev/null &
    device_pid=$!
}

# reap: waits for it, a minute at most; sets reaped to its exit status
reap() {
    local tries=0
    while kill -0 "$device_pid" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { kill -KILL "$device_pid"; fail "round $round: it doesn't end"; }
        sleep 0.1
    done
    reaped=0
    wait "$device_pid" 2>/dev/null || reaped=$?
}

kill_device() {
    kill -KILL "$device_pid" 2>/dev/null || true
    reaped=0
    wait "$device_pid" 2>/dev/null || reaped=$?
}

# A printed id is an acknowledgement, whatever became of the program after.
note_id() { grep -Ex '[0-9a-f-]{36}' "$1" >>"$T/acked" || true; }

add_note() {
    must amir add contact method=phone account="round $round, note $1"
    note_id "$T/out"
}

add_note_killed() {
    begin add contact method=phone account="round $round, killed"
    pause_random $((open_ms / 2)) $((add_ms + add_ms / 4))
    kill_device
    [ "$reaped" != 137 ] || kills=$((kills + 1))
    note_id "$T/bg.out"
}

# An import cut off anywhere and done again takes every line once.
import_killed() {
    local i
    for ((i = 0; i < import_lines; i++)); do
        printf '{"form":"contact","fields":{"method":"text","account":"import %d line %d"}}\n' \
            "$round" "$i"
    done >"$T/lines.jsonl"
    begin import "$T/lines.jsonl" --apply
    pause_random $((open_ms / 2)) $((add_ms + add_ms / 2))
    kill_device
    [ "$reaped" != 137 ] || kills=$((kills + 1))
    must amir --json import "$T/lines.jsonl" --apply
    json "round $round: totals balance" "d['taken'] + d['already'], d['refused']" \
        "($import_lines, 0)"
    imported=$((imported + import_lines))
}

# One exchange, during which the device, the relay or both are killed.
sync_killed() {
    local victim=$((RANDOM % 5))
    begin sync
    pause_random $((open_ms / 2)) $((sync_ms + sync_ms / 5))
    if [ $victim -lt 2 ] || [ $victim = 4 ]; then
        kill_device
        [ "$reaped" != 137 ] || kills=$((kills + 1))
    fi
    if [ $victim -ge 2 ]; then
        relay_end KILL
        kills=$((kills + 1))
    fi
    if [ $victim = 2 ] || [ $victim = 3 ]; then
        reap
        case $reaped in
        0 | 13) ;;
        *) fail "round $round: sync without a relay exits with $reaped" "$(<"$T/bg.err")" ;;
        esac
    fi
    [ -n "$relay_pid" ] || relay_start
}

# Nothing acknowledged is missing.
check_notes() {
    local missing
    ids amir >"$T/held"
    sort -u "$T/acked" -o "$T/acked"
    missing=$(comm -23 "$T/acked" "$T/held")
    equal "round $round, seed $seed: acknowledged notes that are missing" "" "$missing"
}

# The count of receipts never falls.
check_receipts() {
    local receipts
    must amir --json status
    receipts=$(sed -n 's/.*"own_at_relay":\([0-9]*\).*/\1/p' <<<"$out")
    [ "$receipts" -ge "$receipted" ] ||
        fail "round $round, seed $seed: receipts went back" "from $receipted" "to $receipts"
    receipted=$receipts
}

# Headquarters' view of the log only grows.
check_desk() {
    must desk sync
    must desk --json status
    local size
    size=$(sed -n 's/.*"log_size":\([0-9]*\).*/\1/p' <<<"$out")
    [ "$size" -ge "$logged" ] ||
        fail "round $round, seed $seed: the log went back" "from $logged" "to $size"
    logged=$size
}

organisation Unit
enrol amir officer Unit
enrol desk hq Unit
: >"$T/acked"
kills=0 imported=0 receipted=0 logged=0 round=0

elapsed_ms must amir space list
open_ms=$elapsed
elapsed_ms add_note 0
add_ms=$elapsed
elapsed_ms must amir sync
sync_ms=$elapsed

for ((round = 1; round <= rounds; round++)); do
    case $((RANDOM % 10)) in
    0 | 1) add_note_killed ;;
    2) import_killed ;;
    *) add_note 1 ;;
    esac
    sync_killed
    check_notes
    [ $((round % 4)) != 0 ] || check_receipts
    [ $((round % 25)) != 0 ] || check_desk
done

# Healing: both run on undisturbed, and headquarters gets everything.
must amir sync
must amir --json sync
json "the device has nothing left to say" "d['idle'], d['refused'], d['pending']" "(True, 0, 0)"
must amir --json status
json "everything written is receipted" \
    "d['spaces'][0]['own_ops'] - d['spaces'][0]['own_at_relay']" 0
must desk sync
ids desk >"$T/held"
equal "acknowledged notes missing at headquarters" "" "$(comm -23 "$T/acked" "$T/held")"
must desk --json list contact --where method=text
json "imported lines at headquarters, each once" "len(rows)" "$imported"
settle amir desk
equal "both hold the same" "$(state_hash amir Unit)" "$(state_hash desk Unit)"
[ "$kills" -ge $((rounds / 2)) ] || fail "the test must kill" "rounds: $rounds" "kills: $kills"
relay_end TERM
ok "the relay's log is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
echo "$rounds rounds, $kills kills;" \
    "$(wc -l <"$T/acked") acknowledged notes, $imported imported lines, all at headquarters"
finish
