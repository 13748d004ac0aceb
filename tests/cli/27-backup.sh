#!/usr/bin/env bash
# Goal: backups. A backup is one encrypted file, proved by restoring it; a restored store, and one
# that was copied back, say so, take notes at once, and have all after one sync: nothing lost,
# nothing doubled (R4, R5, M47).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
marker=Quagmire-Marker-Text
organisation "Unit Cedar"
enrol anne officer "Unit Cedar"
must admin org witness
must admin org policy --witness "$out"
must anne add case "ref=27BACK" kind=fatal_rtc "summary=$marker"
settle anne admin anne
[ -n "$(ls "$HOME/.local/state/daybook")" ] || fail "marks are kept"

must anne --json backup "$T/monday.daybook"
json "it was proved" "d['proved']" True
json "what headquarters holds is left out" "d['left_out'] > 0" True
equal "the file is the owner's alone" 600 "$(stat -c %a "$T/monday.daybook")"
! grep -aq "$marker" "$T/monday.daybook" || fail "a backup is encrypted"
wont "a backup overwrites nothing" 5 "already" anne backup "$T/monday.daybook"
wont "a folder that isn't there" 4 "no backup was made" anne backup "$T/none/file"
[ ! -e "$T/none" ] || fail "nothing is left of it"
hasnt "nothing is left in the store" "backup" "$(ls "$T/anne")"

# The week goes on.
must anne add case ref=27TUE kind=fatal_rtc
must anne sync
before=$(ids anne)

# Refused: other passphrases, changed and cut files, folders in use.
cp "$T/admin.pass" "$T/new.pass"
wont "a passphrase that isn't its" 7 "the one of its day" new restore "$T/monday.daybook"
[ ! -e "$T/new" ] || fail "no folder was made" "$(ls "$T/new")"
cp "$T/anne.pass" "$T/new.pass"
size=$(stat -c %s "$T/monday.daybook")
for at in 3 9 30 200 5000 $((size - 40)) $((size - 1)); do
    cp "$T/monday.daybook" "$T/bad"
    flip "$T/bad" "$at"
    on new restore "$T/bad"
    [ "$status" != 0 ] || fail "a byte at $at changed: refused"
    [ ! -e "$T/new/keys.slots" ] || fail "no store was made of it"
done
head -c $((size - 1)) "$T/monday.daybook" >"$T/bad"
wont "one byte short" 8 "cut off" new restore "$T/bad"
wont "no backup at all" 8 "no backup" new restore "$T/anne.pass"
wont "no such file" 4 . new restore "$T/missing"
wont "a store is there already" 5 "empty" anne restore "$T/monday.daybook"

# A new machine: Anne's is lost, with its marks.
mv "$T/anne" "$T/lost"
mv "$HOME/.local/state" "$HOME/.local/lost-state"
must new --json restore "$T/monday.daybook"
json "it is restored" "d['restored']" True
must new --json status
json "it says so" "d['restored'] is not None" True
json "and how much is to come" "d['spaces'][0]['absent'] > 0" True
equal "what headquarters holds isn't in it" "" "$(ids new)"
must new --json verify
json "which is no fault" "(d['whole'], d['spaces'][0]['absent'] > 0)" "(True, True)"
must new search "$marker"
hasnt "no word of it" "27BACK" "$out"
must new add case ref=27WED kind=fatal_rtc
must new --json sync
json "and again" "d['restored']" True
json "nothing had to be written again" "d['reissued']" 0
must new --json status
json "until it has met the relay" "d['restored']" None
must admin sync
equal "headquarters and the restored store are one" "$(state_hash admin "Unit Cedar")" \
    "$(state_hash new "Unit Cedar")"
equal "all three, each once" 3 "$(ids new | wc -l)"
equal "the lost ones came back" "$before" "$(ids new | grep -F "$before")"

# A folder that is copied back, on a machine that has marks.
must new sync # that its records were listed
cp -a "$T/new" "$T/copy"
must new add case ref=27THU kind=fatal_rtc
must new sync
rm -r "$T/new"
cp -a "$T/copy" "$T/new"
must new status
has "an older copy is told" "older copy" "$err"
has "and status keeps it" "older copy" "$out"
must new add case ref=27FRI kind=fatal_rtc
hasnt "told once" "older copy" "$err"
must new --json sync
json "nothing had to be written again" "d['reissued']" 0
must admin sync
equal "headquarters and the copied store are one" "$(state_hash admin "Unit Cedar")" \
    "$(state_hash new "Unit Cedar")"
equal "all five, each once" 5 "$(ids new | wc -l)"

# A backup with notes that were sent after it, restored and synced at once.
must new add case ref=27SAT kind=fatal_rtc
must new backup "$T/saturday.daybook"
must new sync
must new add case ref=27SUN kind=fatal_rtc
must new sync
must new list
must new sync
rm -r "$T/new"
must new restore "$T/saturday.daybook"
must new --json sync
json "what was sent since comes back" "d['restored'] or d['fetched'] > 0" True
equal "all seven, each once" 7 "$(ids new | wc -l)"
must new sync
must admin sync

# A deleted mark locks nobody out.
rm -r "$HOME/.local/state/daybook"
must new status
has "said once" "no mark" "$err"
must new status
equal "and no more" "" "$err"

# Wipe takes the mark along.
must new wipe --yes
left=$(find "$HOME/.local/state/daybook" -name '*-0' | wc -l)
equal "no mark is left" 0 "$left"
finish
