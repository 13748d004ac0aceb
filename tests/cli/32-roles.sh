#!/usr/bin/env bash
# Goal: each role does what it may and no more, and says so before anything is saved: an auditor
# writes nothing but what it looks at, a guest's time ends by date, who supervises takes back what
# is signed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Family Liaison Unit"
enrol amir officer
enrol susan supervisor
enrol olive auditor
wont "a guest's time needs an end" 3 "needs an end" admin org invite --name gwen --role guest
wont "and one to come" 3 "in the past" admin org invite --name gwen --role guest --until 2020-01-01
wont "and one that is a time" 2 "until is a date" admin org invite --name gwen --role guest \
    --until tomorrow
wont "no such role" 2 "supervisor, hq, auditor, guest" admin org invite --name gwen --role king
until=$(date -d '+30 days' +%F) enrol gwen guest
must amir add person name="Maria Alvarez"
person=$out
must amir add case ref=26/0417 kind=fatal_rtc status=proposed
case_id=$out
must amir add contact case_id="$case_id" method=visit direction=police_to_family \
    started_at="2026-11-20 14:30" place="Their home" purpose=first_visit account="All well" \
    s38=fact present:='[{"name":"Mrs Alvarez","role":"family"}]'
contact=$out
must amir sync

# An auditor reads, and writes nothing: said at once, whatever else is wrong with the command.
must olive sync
must olive show "$person"
has "an auditor reads" "Maria Alvarez" "$out"
must olive search Alvarez
has "and searches" "Maria" "$out"
wont "adds nothing" 6 "auditor" olive add person no_such_field=1
wont "edits nothing" 6 "auditor" olive edit "$person" no_such_field=1
wont "signs nothing" 6 "auditor" olive sign "$contact"
wont "adds nothing to what is signed" 6 "auditor" olive addendum "$contact" "More" --reason x
wont "withdraws nothing" 6 "auditor" olive withdraw "$contact" --reason "Mine"
wont "decides nothing" 6 "auditor" olive resolve "$person" review=ok --reason "Fine"
wont "imports nothing" 6 "auditor" olive import /dev/null --apply
must olive --json status
json "nothing was written but that it showed and searched" "d['spaces'][0]['own_ops']" 2

# Who supervises may take back what an officer has signed; an officer and a guest may not.
must amir sign "$contact"
must amir sync
must gwen sync
wont "a guest takes back nothing signed" 6 "supervisor" gwen withdraw "$contact" --reason "Wrong"
must susan sync
must susan withdraw "$contact" --reason "Entered for another family"
must susan sync

# A guest writes like an officer, until the end. Everybody in the space sees when that is.
must gwen add person name="Written by a guest"
must gwen sync
must admin sync
must admin device list
has "until when" "gwen .*Family Liaison Unit \\(guest until [0-9]{2} " "$out"
must gwen --json space list
json "she herself, too" "d[0]['role'], d[0]['until'] is None, d[0]['over']" \
    "('guest', False, False)"
must amir --json space list
json "an officer's has no end" "d[0]['role'], d[0]['until'], d[0]['over']" \
    "('officer', None, False)"
must gwen add person name="Not sent yet"
waits=$out
soon=$(date -d '+40 seconds' '+%F %T')
must admin space grant "Family Liaison Unit" gwen --role guest --until "$soon"
mkdir "$T/stick" # she learns of it, and the relay doesn't hear of her note yet
must admin sync --folder "$T/stick"
must gwen sync --folder "$T/stick"
while [ "$(date '+%F %T')" \< "$soon" ]; do sleep 0.2; done
sleep 0.1
must gwen list
hasnt "nothing is listed" "Maria|guest|sent" "$out"
wont "the space can't be listed" 6 "is over" gwen list --space "Family Liaison Unit"
must gwen search Alvarez
hasnt "nothing is found" "Maria" "$out"
wont "nothing is shown" 4 "no record" gwen show "$person"
wont "nor its history" 4 "no record" gwen history "$person"
wont "nothing is written" 6 "is over" gwen add person name="Too late"
must gwen export
equal "nothing is exported" "" "$out"
must gwen status
has "status says why" "time here is over" "$out"
has "and what waits still" "on this device only: 1" "$out"
must gwen sync
must gwen --json status
json "it left" "d['spaces'][0]['own_ops'] - d['spaces'][0]['own_at_relay']" 0
json "nothing is counted" "d['spaces'][0]['records']" 0
must admin sync
must admin search guest
has "what she wrote stays" "Written by a guest" "$out"
must admin history "$waits"
has "LL-6: what came after her time is marked" "a guest's, whose time was over" "$out"
must admin --json history "$waits"
json "LL-6: for programs too" "d[0]['after_end']" "True"
must admin --json device list
json "others see that it is over" \
    "[s['over'] for m in d if m['name'] == 'gwen' for s in m['spaces']]" "[True]"
must admin verify
must gwen verify
finish
