#!/usr/bin/env bash
# Goal: what headquarters decided to dispose of goes, by two administrators' order, from every
# device, also from one that comes late and from one that is restored from a backup; not from where
# a hold stands; every proof holds afterwards, and each device says what it did (domain.md 2.5, P4).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol chief admin Unit
for device in amir beth carl; do enrol "$device" officer Unit; done
marker=Quagmirevale
must admin add case ref=05/0417 kind=fatal_rtc happened_at="2005-03-01 10:00" mopi_group=mopi_3 \
    status=closed closure_reason=court_complete lessons=None no_exit_plan_reason="None was needed"
case_id=$out
must admin add case ref=26/0001 kind=homicide
other_id=$out
must admin sync
must amir sync
must amir add person name="Edwina $marker" dob=1950-01-01 case_id="$case_id"
person_id=$out
must amir add contact case_id="$case_id" method=visit started_at="2006-05-01 10:00" \
    account="Told at the house in $marker"
contact_id=$out
must amir add contact case_id="$other_id" method=phone started_at="2026-05-01 10:00" \
    account="Stays as it is"
stays_id=$out
must amir backup "$T/before.daybook"
settle amir admin chief beth carl

# ---- decided --------------------------------------------------------------------------------
answers=(necessity=no adequacy=yes accuracy=yes reason="Nothing needs it any more"
    before_time=recorded_wrongly)
wont "nothing is disposed of that nobody decided on" 5 "nobody decided" \
    admin retention dispose "$case_id"
must admin --json retention review "$person_id" decision=dispose "${answers[@]}"
must admin --json retention review "$case_id" decision=dispose "${answers[@]}"
json "it stands" "d['stand']" dispose
wont "the decision has to be where the others are" 16 "sync first" \
    admin retention dispose "$case_id" "$person_id"
must admin sync
wont "somebody may still bring a hold" 16 "4 devices" \
    admin retention dispose "$case_id" "$person_id"
has "who that is" "amir has not confirmed" "$err"
for device in amir beth carl chief; do
    must "$device" sync
    must "$device" list
    must "$device" sync
done
must admin sync
wont "an officer orders nothing" 6 . amir retention dispose "$case_id"

# ---- ordered --------------------------------------------------------------------------------
wont "one administrator alone only asks" 20 "second administrator must agree" \
    admin retention dispose "$case_id" "$person_id"
must amir sync
must amir show "$contact_id"
has "nothing is gone yet" "$marker" "$out"
must chief sync
must chief org proposals --reason "To sign what was decided"
has "what would go is told in words" "dispose of [0-9]+ changes in Unit" "$out"
has "of whom" "person .*Edwina" "$out"
has "and of what" "05/0417" "$out"
id=$(grep -oE 'org agree [0-9a-f]{8}' <<<"$out" | cut -d ' ' -f 3)
must carl edit "$case_id" legal_hold=yes legal_hold_for=litigation
must chief org agree "$id"
has "signed" "Signed and done: dispose of" "$out"

# ---- carried out ----------------------------------------------------------------------------
gone() {
    must "$1" --json sync
    json "$1: it goes with the exchange" "d['disposed'] > 0" True
    for record in "$case_id" "$person_id" "$contact_id"; do
        wont "$1: the record is gone" 4 . "$1" show "$record"
    done
    must "$1" --json search "$marker"
    json "$1: no search finds it" "rows" "[]"
    must "$1" show "$stays_id"
    has "$1: what wasn't decided stays" "Stays as it is" "$out"
    must "$1" --json verify
    json "$1: every proof holds" "d['whole']" True
}
gone chief
gone amir
gone admin
must admin --json sync
json "once" "d['disposed']" 0
must admin --json show "$(must admin --json list retention_review && py "rows[0]['id']")"
json "the decision stays on record" "d['form']" retention_review

# A late one, and one from a backup.
gone beth
mv "$T/amir" "$T/amir.gone"
must amir restore "$T/before.daybook"
gone amir
must amir sync
must beth sync

# One on whose device a hold stands keeps it, and says so.
must carl --json sync
json "P6: a hold that nobody had heard of" "(d['disposed'], d['disposal_held'])" "(0, 1)"
must carl show "$contact_id"
has "the hold beats the order" "$marker" "$out"
settle carl chief amir beth admin
must carl --json verify
json "and its proofs hold too" "d['whole']" True

must admin show "$case_id"
has "headquarters hears of the hold" "Legal hold +Yes" "$out"
hasnt "of a record that it has disposed of" "05/0417" "$out"

# ---- said -----------------------------------------------------------------------------------
must admin --json retention orders
json "who has done it, and who hasn't" \
    "sorted((w['device'].split(\"'\")[0], (w['outcome'] or '')[:13]) for w in d['devices'])" \
    "[('Administrator', 'disposed of'), ('amir', 'disposed of'), ('beth', 'disposed of'), \
('carl', 'kept: a hold '), ('chief', 'disposed of')]"
must admin retention orders
has "in words" "carl: kept: a hold stands" "$out"
must admin --json audit --op erasure
json "the log of use names no record" "[r['records'] for r in rows if r.get('order')][:1]" "[[]]"
must admin org log
has "every member sees the order" "dispose of [0-9]+ changes in Unit" "$out"

# A new device gets what is left.
enrol dora officer Unit
wont "it never hears of it" 4 . dora show "$contact_id"
must dora --json verify
json "and verifies all of the log" "d['whole']" True
finish
