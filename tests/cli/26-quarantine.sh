#!/usr/bin/env bash
# Goal: what a stolen device wrote too late is held by all and shown to all, and comes into the
# records only when a supervisor or headquarters lets it in; everybody sees who did, and why (A24).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Family Liaison Unit"
enrol amir officer "Family Liaison Unit"
enrol bethan officer "Family Liaison Unit"
enrol sue supervisor "Family Liaison Unit"
must bethan add person name="Written in time"
must bethan sync
must admin sync
must admin quarantine list
has "nothing stands aside" "Nothing stands aside" "$out"

# Three notes offline; her device is reported stolen; it comes back to the network.
for name in "Maria Alvarez" "Tomas Alvarez" "Not hers"; do
    must bethan add person name="$name"
done
must admin device revoke bethan --reason stolen
on bethan sync
for device in amir sue admin; do must "$device" sync; done
must amir list person
hasnt "nobody merges them" "Alvarez" "$out"
must amir status
has "status tells them apart from what waits for a key" "3 parcels of notes stand aside" "$out"
hasnt "they don't wait for a key" "can't be opened" "$out"
must sue quarantine list
has "who" "by bethan" "$out"
has "why" "after its author was taken out" "$out"
has "what" "person: Maria Alvarez" "$out"
must sue --json quarantine list
json "as JSON" "[(r['summary'], r['decision'], r['readable']) for r in rows][1]" \
    "('Tomas Alvarez', 'open', True)"
second=$(py "rows[1]['id']")
third=$(py "rows[2]['id']")
json "each names itself and what it follows (A24)" "[r['prev'] for r in rows[1:]]" \
    "$(py "[r['hash'] for r in rows[:-1]]")"
must sue quarantine show "${third:0:13}"
has "the note, whole" "Not hers" "$out"

# Who may decide, and how.
wont "an officer doesn't decide" 6 "supervisor" amir quarantine admit "$second" --reason because
wont "a reason is needed" 2 "reason" sue quarantine admit "$second"
wont "what isn't there" 4 "nothing stands aside" sue quarantine admit 012345678 --reason because
wont "no id" 3 "no id" sue quarantine show zebra-zebra
must sue quarantine admit "$second" --reason "She rang the desk about both"
has "what came in" "Let in: 2 changes" "$out"
must sue quarantine refuse "$third" --reason "She says it is not hers"
has "it is kept" "evidence" "$out"
must sue list person
has "the earlier one came in too" "Maria Alvarez" "$out"
hasnt "the third did not" "Not hers" "$out"

# Everybody has it, and sees who decided.
must sue sync
for device in amir admin; do must "$device" sync; done
must amir list person
has "the others merge it" "Tomas Alvarez" "$out"
must amir history "$second"
has "who decided" "sue" "$out"
has "and why" "She rang the desk about both" "$out"
must amir status
hasnt "nothing is left to decide" "stand aside" "$out"
must amir --json quarantine list
json "the refused one is still evidence" "[r['decision'] for r in rows]" "['refused']"
settle amir admin
equal "all hold the same" "$(state_hash admin "Family Liaison Unit")" \
    "$(state_hash amir "Family Liaison Unit")"
must admin quarantine admit "$third" --reason "It was hers after all"
must admin sync
must amir sync
must amir list person
has "a refused one can be let in" "Not hers" "$out"
settle amir admin
equal "all hold the same still" "$(state_hash admin "Family Liaison Unit")" \
    "$(state_hash amir "Family Liaison Unit")"
finish
