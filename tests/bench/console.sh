#!/usr/bin/env bash
# What a page of the console waits for: each command that a page runs, over a store of many records,
# as soon as the store was opened: processor time in the program, and in brackets on the wall.
# Prints and never fails. FOLDER keeps the stores for the next time.
# console.sh [RECORDS] [FOLDER]
# shellcheck source=tests/bench/console-store.sh
source "$(dirname "${BASH_SOURCE[0]}")/console-store.sh"
console_store "${1:-100000}" "${2:-}"

for device in desk amir; do must $device unlock --idle 60m; done

on() {
    local device=$1
    shift
    "$DAYBOOK" --store "$T/$device" "$@"
}
# some DEVICE ARGUMENT...: the id of the first record that a list gives
some() {
    on "$1" --json "${@:2}" | "$python" -c 'import json,sys
print(json.loads(sys.stdin.readline() or "{}").get("id", ""))'
}
# seconds DEVICE COMMAND...: the better of two
seconds() {
    local device=$1 TIMEFORMAT='%U %S %R' best='' status=0 took i
    shift
    for i in 1 2; do
        took=$({ time on "$device" --json "$@" >"$T/page" 2>"$T/page.err" </dev/null; } 2>&1) ||
            status=$?
        took=$(awk '{ printf "%.3f (%.3f)", $1 + $2, $3 }' <<<"$took")
        [[ -n "$best" && ! "$took" < "$best" ]] || best=$took
    done
    printf '%-5s %-42s %s s %6s lines' "$device" "$*" "$best" "$(wc -l <"$T/page")"
    [ "$status" = 0 ] || printf '  exit %s: %.100s' "$status" "$(head -1 "$T/page.err")"
    printf '\n'
}

for device in desk amir; do on $device --json search bench >/dev/null || true; done
case_id=$(some desk list --limit 1 case)
busy=$(on desk --json liaison families --limit 200 | "$python" -c 'import json,sys
print(max((json.loads(l) for l in sys.stdin), key=lambda f: f["contacts"])["case"])')
person=$(some desk list --limit 1 person)
contact=$(some amir list --limit 1 contact)
older=$(on desk --json list --limit 5000 person | tail -1 | "$python" -c 'import json,sys
print(json.loads(sys.stdin.readline())["id"])')
device_id=$(on desk --json device list | "$python" -c 'import json,sys
print(json.load(sys.stdin)[0]["device"])')
while read -r -a words; do
    [ ${#words[@]} = 0 ] || seconds "${words[@]}"
done <<LIST
desk whoami
desk status
desk desk
desk today
desk today --limit 50
desk today --limit 200
desk report dmm
desk device list
desk device lost
desk org proposals
desk org log
desk conflicts
desk conflicts $case_id
desk retention due
desk retention show $case_id
desk liaison families
desk liaison families --limit 50
desk liaison show $case_id
desk liaison show $busy
desk persons duplicates --limit 50
desk persons duplicates $person
desk persons cases $person
desk list --limit 50 contact
desk list --limit 50 person
desk list --limit 50 --after $older person
desk list --limit 50 --since 31d contact
desk list --limit 50 --where case_id=$case_id risk_assessment
desk list --limit 50 quarantine
desk search --limit 50 inquest
desk search --limit 50 khan
desk show $case_id
desk show $busy
desk show $person
desk history $case_id
desk history $person
desk quarantine list
desk directory find --limit 50
desk directory stale
desk directory gaps
desk audit --limit 200 --since 7d
desk audit --limit 200 --since 7d --op consultation
desk audit --limit 200 --since 7d --op conflict_resolved
desk audit --limit 200 --since 7d --op disclosure
desk audit --limit 200 --since 7d --op erasure
desk audit --limit 50 --record $case_id
desk report months --from 2024-12-01 --to 2027-12-31
desk forms
desk form show case
desk scratch list
amir today --limit 50
amir today --limit 200
amir status
amir list --limit 50 contact
amir list --limit 1 intervention
amir search --limit 50 khan
amir show $contact
amir liaison show $busy
LIST
printf 'device_id %s\n' "$device_id" >/dev/null
for device in desk amir; do must $device lock; done
