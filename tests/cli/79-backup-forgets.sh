#!/usr/bin/env bash
# Goal: what was disposed of can't be read in a device's backup that was made before, and doesn't
# come back with it; everything else does (domain.md 2.5, decision 0038, P1).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
must admin org witness
must admin org policy --witness "$out"
enrol chief admin Unit
enrol amir officer Unit
marker=Quagmirevale
must admin add case ref=05/0417 kind=fatal_rtc happened_at="2005-03-01 10:00" mopi_group=mopi_3 \
    status=closed closure_reason=court_complete lessons=None no_exit_plan_reason="None was needed"
case_id=$out
must admin add case ref=26/0001 kind=homicide
other_id=$out
settle admin amir
must amir add person name="Edwina $marker" dob=1950-01-01 case_id="$case_id"
person_id=$out
must amir add contact case_id="$other_id" method=phone started_at="2026-05-01 10:00" \
    account="Stays as it is"
stays_id=$out
settle amir admin amir chief
must amir backup "$T/lean.daybook"
has "it says what it is" "Left out: [0-9]+ changes that headquarters holds" "$out"
must amir backup --whole "$T/whole.daybook"
has "and what a whole one is" "within 30 days" "$out"

answers=(necessity=no adequacy=yes accuracy=yes reason="Nothing needs it any more"
    before_time=recorded_wrongly)
must admin --json retention review "$person_id" decision=dispose "${answers[@]}"
must admin --json retention review "$case_id" decision=dispose "${answers[@]}"
settle admin amir chief
for device in amir chief; do
    must "$device" list
    must "$device" sync
done
must admin sync
wont "one administrator alone only asks" 20 "second administrator" \
    admin retention dispose "$case_id" "$person_id"
must chief sync
must chief org proposals --reason "To sign what was decided"
id=$(grep -oE 'org agree [0-9a-f]{8}' <<<"$out" | cut -d ' ' -f 3)
must chief org agree "$id"
settle chief admin amir

# The device is lost, and its old backups turn up.
rm -r "$T/amir"
must amir restore "$T/lean.daybook"
wont "it isn't in the old backup" 4 . amir show "$person_id"
must amir --json search "$marker"
json "nor any word of it" "rows" "[]"
must amir --json verify
json "the backup is whole, and says what it lacks" \
    "(d['whole'], d['spaces'][0]['absent'] > 0)" "(True, True)"
must amir sync
wont "nor does it come back" 4 . amir show "$person_id"
must amir show "$stays_id"
has "everything else does" "Stays as it is" "$out"
must amir --json verify
json "every proof holds, and nothing is lacking" \
    "(d['whole'], d['spaces'][0]['absent'])" "(True, 0)"
settle amir admin
equal "headquarters and the restored store are one" "$(state_hash admin Unit)" \
    "$(state_hash amir Unit)"

# A whole one holds it until it has met the relay: that's why it has to be destroyed.
rm -r "$T/amir"
must amir restore "$T/whole.daybook"
must amir search "$marker"
has "it can be read in a whole one" "$marker" "$out"
must amir sync
wont "until the first sync" 4 . amir show "$person_id"
finish
