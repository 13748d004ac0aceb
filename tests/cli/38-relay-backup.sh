#!/usr/bin/env bash
# Goal: a relay is backed up while it serves, its machine is lost, and from the backup and the key
# that was kept apart it comes back; what it lost comes from the devices, and nothing that it had
# signed for is gone (P1, M36-M38, decisions 0019 and 0035).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

refused_relay() {
    run "${@:4}"
    equal "$1: exit status" "$2" "$status"
    has "$1: sentence" "^daybook-relay: .*$3" "$err"
}
backups() { find "$T/backups" -name 'daybook-relay-*.db' | sort; }
status_json() {
    ok "status" "$DAYBOOK_RELAY" status --data "$T/relay" --json
}

# ---- status, with and without a server ------------------------------------------------------
refused_relay "no relay there" 4 . "$DAYBOOK_RELAY" status --data "$T/none"
ok "a relay" "$DAYBOOK_RELAY" init "$T/relay"
status_json
json "nobody serves it" "(d['serves'], d['taken'])" "(None, False)"
json "nothing in it" "(d['entries'], d['segments'], d['spaces'])" "(0, 0, [])"
json "no backup yet" "d['last_backup']" None
relay_start
status_json
json "somebody serves it" "'https://' + d['serves']" "$relay_url"
passphrase_for admin
must admin org create "Op Hazel" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
enrol amir officer "Op Hazel"
must amir add person name="Before the backup"
must amir sync
status_json
json "its sizes" "d['spaces'] == [{k: d.get(k, 1) for k in ('space', 'segments', 'bytes')}]" True
json "what has no witness" "(d['witnesses'], d['unwitnessed'])" "(0, 1)"
ok "for a person" "$DAYBOOK_RELAY" status --data "$T/relay"
has "where it serves" "^server +serves 127\.0\.0\.1:[0-9]+$" "$out"
has "spaces by number" "^  space 1 +1, [0-9.]+ kB$" "$out"
has "no backup" "^last backup +never$" "$out"
hasnt "no names" "Hazel|amir" "$out"

# ---- backups under load ---------------------------------------------------------------------
(
    for n in $(seq 400); do
        [ -e "$T/enough" ] && exit 0
        "$DAYBOOK" --light-kdf --store "$T/amir" --passphrase-file "$T/amir.pass" \
            add person name="During the backup $n" >/dev/null
        "$DAYBOOK" --light-kdf --store "$T/amir" --passphrase-file "$T/amir.pass" sync >/dev/null
    done
) 2>"$T/load.err" </dev/null &
load=$!
others+=("$load")
for n in 1 2 3; do
    ok "a backup while it serves: $n" "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/backups"
    has "it was restored once" "^restored once, sound: [0-9]+ entries, 1 spaces, [1-9]" "$out"
    sleep 1.1
done
touch "$T/enough"
wait "$load" || fail "notes went on meanwhile" "$(<"$T/load.err")"
equal "notes went on meanwhile" "" "$(<"$T/load.err")"
equal "three of them" 3 "$(backups | wc -l)"
(cd "$T/backups" && sha256sum --quiet -c ./*.sha256) || fail "their digests are as stated"
backup=$(backups | tail -n 1)
equal "for its owner only" 600 "$(stat -c %a "$backup")"
hasnt "it is sealed" "SQLite format|BEGIN|CREATE" "$(head -c 65536 "$backup" | strings)"
key=$(od -An -tx1 "$T/relay/relay.key" | tr -d ' \n')
for file in "$T"/backups/*; do
    hasnt "the key isn't in ${file##*/}" "$key" "$(od -An -v -tx1 "$file" | tr -d ' \n')"
done
equal "the opener book is for its owner only" 600 "$(stat -c %a "$T/backups/openers.book")"
equal "nothing else is left" 7 "$(find "$T/backups" -mindepth 1 | wc -l)"
status_json
json "the last one is told" "d['last_backup'][:17]" \
    "$(basename "$backup" | sed 's/.*-\(....\)\(..\)\(..\)T\(..\)\(..\).*/\1-\2-\3T\4:\5:/')"

# cut_off SECONDS COMMAND...: kills it after so long
cut_off() { { timeout -s KILL "$@" || true; } >/dev/null 2>&1; }

# ---- cut off --------------------------------------------------------------------------------
before=$(backups | wc -l)
for delay in 0.01 0.02 0.04 0.08 0.16; do
    cut_off "$delay" "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/cut"
    for file in "$T"/cut/daybook-relay-*.db; do
        [ ! -e "$file" ] || (cd "$T/cut" && sha256sum --quiet -c "${file##*/}.sha256") ||
            fail "what has its name is whole"
    done
done
sleep 1.1 # a backup is named by its second
ok "the next one is made all the same" \
    "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/cut"
equal "and leaves nothing of those before" "" \
    "$(find "$T/cut" -mindepth 1 ! -name 'daybook-relay-*' ! -name openers.book)"
equal "the others stand" "$before" "$(backups | wc -l)"

# ---- what the backup lacks, and the relay signed for ----------------------------------------
enrol bethan officer "Op Hazel"
for n in 1 2 3; do must bethan add person name="Bethan $n"; done
must bethan sync
must amir add person name="After the backup"
must amir sync
must admin sync

# ---- the machine is gone --------------------------------------------------------------------
cp "$T/relay/relay.key" "$T/apart.key"
relay_end KILL
rm -rf "$T/relay"
put_back=("$DAYBOOK_RELAY" restore --data "$T/relay" --reason "the machine burnt")
from() { # FILE KEY WHAT STATUS PATTERN
    refused_relay "$3" "$4" "$5" "${put_back[@]}" --from "$1" --key "$2"
    rm -rf "$T/relay"
}
refused_relay "a reason is needed" 2 "--reason" "$DAYBOOK_RELAY" restore --data "$T/relay" \
    --from "$backup" --key "$T/apart.key"
head -c 32 /dev/zero >"$T/wrong.key"
from "$backup" "$T/wrong.key" "another key" 10 "isn't its key"
from "$backup" "$backup" "a key that isn't one" 10 "not a relay's key"
from "$T/none.db" "$T/apart.key" "no such file" 4 "none\.db"
size=$(stat -c %s "$backup")
head -c $((size / 8192 * 4096)) "$backup" >"$T/short.db"
with_book=(--openers "$T/backups/openers.book")
refused_relay "half a backup" 10 . "${put_back[@]}" --from "$T/short.db" --key "$T/apart.key" \
    "${with_book[@]}"
cp "$backup" "$T/alone.db"
refused_relay "no opener book beside it" 4 "no opener book" "${put_back[@]}" \
    --from "$T/alone.db" --key "$T/apart.key"
cp "$backup" "$T/flipped.db"
printf '\377\377\377\377' | dd of="$T/flipped.db" bs=1 seek=$((size / 2)) conv=notrunc status=none
refused_relay "a damaged backup" 10 . "${put_back[@]}" --from "$T/flipped.db" \
    --key "$T/apart.key" "${with_book[@]}"
equal "it leaves nothing" "" "$(ls -A "$T/relay")"
refused_relay "then there is no relay" 4 "no relay" "$DAYBOOK_RELAY" status --data "$T/relay"
refused_relay "to serve" 4 . "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0
touch "$T/relay/something"
from "$backup" "$T/apart.key" "a folder with something in it" 5 "not empty"
for delay in 0.005 0.01 0.02 0.04; do
    cut_off "$delay" "${put_back[@]}" --from "$backup" --key "$T/apart.key"
    run "$DAYBOOK_RELAY" status --data "$T/relay" --json
    [ "$status" != 0 ] || json "cut off, it is whole or nothing" "d['recovering']" True
    rm -rf "$T/relay"
done

ok "it is put back" "${put_back[@]}" --from "$backup" --key "$T/apart.key"
has "it says of when" "^the relay of 20[0-9TZ:-]+ is in " "$out"
has "and what comes next" "daybook org recover-log" "$out"
equal "for its owner only" "700 600" "$(stat -c %a "$T/relay" "$T/relay/relay.key" | xargs)"
status_json
json "it waits, before it ever served" "d['recovering']" True
relay_start
must admin --json status
must amir add person name="While it waits"
wont "an officer is told, and keeps working" 16 "nothing is lost" amir sync
must admin org recover-log
has "the operator's words" "the machine burnt" "$out"
must admin org recover-log --apply
status_json
json "it waits no longer" "d['recovering']" False
for device in admin amir bethan admin; do must "$device" sync; done
equal "everybody's records" "$(ids admin)" "$(ids amir)"
equal "also of who joined after the backup" "$(ids admin)" "$(ids bethan)"
for name in "Before the backup" "After the backup" "While it waits" "Bethan 3"; do
    must admin search "$name"
    has "it is there: $name" "$name" "$out"
done
settle admin amir bethan
hash=$(state_hash admin "Op Hazel")
equal "the same state" "$hash" "$(state_hash amir "Op Hazel")"
equal "everywhere" "$hash" "$(state_hash bethan "Op Hazel")"
must bethan status
has "nothing waits" "every change written here" "$out"
relay_end TERM
ok "the relay is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
ok "and can be backed up anew" "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/backups"
finish
