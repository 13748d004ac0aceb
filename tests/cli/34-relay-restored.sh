#!/usr/bin/env bash
# Goal: a relay's disk fails, its operator puts back yesterday's backup, the founder's device signs
# for it, and every note is where it was (P1, M36-M38, decision 0019).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Op Cedar"
enrol amir officer "Op Cedar"
must amir add person name="Before the backup"
must amir sync
relay_end TERM
cp -a "$T/relay" "$T/backup"
relay_start
# What the backup lacks: a device, and notes that the relay signed for.
enrol bethan officer "Op Cedar"
for n in 1 2 3; do must bethan add person name="Bethan $n"; done
must bethan sync
must amir add person name="After the backup"
must amir sync
wont "nothing to recover" 4 "not restored" admin org recover-log

relay_end KILL
rm -rf "$T/relay"
cp -a "$T/backup" "$T/relay"
run "$DAYBOOK_RELAY" recover --data "$T/relay"
equal "a reason is needed" 2 "$status"
ok "the operator says so" "$DAYBOOK_RELAY" recover --data "$T/relay" --reason "the disk failed"
has "and is told what comes next" "daybook org recover-log" "$out"
relay_start

must amir add person name="While it waits"
wont "an officer is told, and keeps working" 16 "nothing is lost" amir sync
wont "only the founder's device signs" 6 "founded" amir org recover-log --apply
must admin org recover-log
has "the operator's words" "the disk failed" "$out"
has "what is left, and that nothing was signed" "Nothing was signed" "$out"
must admin --json org recover-log --apply
json "signed" "d['signed']" True
json "the relay has all that members gave back" "d['spaces'][0]['contradicts']" False
must admin sync
must amir --json sync
json "told once" "d['relay_restored']" True
must amir --json sync
json "not twice" "d['relay_restored']" False
must bethan sync
must amir sync
must admin sync
equal "everybody's records" "$(ids admin)" "$(ids amir)"
equal "also of who joined after the backup" "$(ids admin)" "$(ids bethan)"
equal "six of them" 6 "$(ids admin | wc -l)"
settle admin amir bethan
hash=$(state_hash admin "Op Cedar")
equal "the same state" "$hash" "$(state_hash amir "Op Cedar")"
equal "everywhere" "$hash" "$(state_hash bethan "Op Cedar")"
must amir status
has "nothing waits" "every change written here" "$out"
must admin org log
relay_end TERM
ok "the relay is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
