#!/usr/bin/env bash
# Goal: an officer without a network finds a service that helps, sees whether it can be relied
# upon, and headquarters sees what must be checked and what nobody offers (B14, B18, B23).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol desk hq Unit

# ---- looking up -------------------------------------------------------------------------------
must desk add service name="Roshni" organization="Roshni Trust" categories=idva \
    hidden_crime=forced_marriage,hbv la_areas=birmingham,sandwell minimum_age=16 \
    languages+=Urdu languages+=Punjabi phones="0800 953 9777" assured_date=2026-11-01 \
    alert="New number since October"
roshni=$out
must desk add service name="Young Voices" categories=idva la_areas=birmingham minimum_age=11 \
    maximum_age=17 assured_date=2026-01-10 verify_every_days=90
young=$out
must desk add service name="Shelter" categories=idva la_areas=birmingham status=closed
must desk sync
must amir sync
relay_end TERM
must amir --json directory find --category idva --area birmingham --on 2026-11-29
json "checked before overdue, and never a closed one" \
    "[(r['id'], r['stale'], r['unsaid']) for r in rows]" \
    "[('$roshni', False, []), ('$young', True, [])]"
json "what it is, with it" "d['fields']['phones'][0]['number']" "0800 953 9777"
json "until when it counts" "(d['checked'], d['due'])" "('2026-11-01', '2027-04-30')"
must amir --json directory find --category hbv --language urdu --age 17 --on 2026-11-29
json "by hidden crime, language and age" "[r['id'] for r in rows]" "['$roshni']"
must amir --json directory find --language Polish
json "nobody speaks it" "rows" "[]"
must amir directory find --category idva --on 2026-11-29
has "in words" "Roshni, Roshni Trust" "$out"
has "an overdue check says what to do" "CHECK OVERDUE since 2026-04-10 .*ring before" "$out"
has "a notice" "Notice: New number since October" "$out"
wont "a code that isn't there" 2 'did you mean "idva"' amir directory find --category idvva
wont "a day that isn't one" 2 "is a day" amir directory find --on tomorrow

# ---- overdue, and gaps ------------------------------------------------------------------------
must desk --json directory stale --on 2027-06-01
json "the longest first; a closed one needs no check" "[r['id'] for r in rows]" \
    "['$young', '$roshni']"
must desk --json directory gaps --category idva --area birmingham --age 15 --on 2026-11-29
json "for one of 15 there is only a service whose check is overdue" \
    "[(r['gap'], r['area'], r['age']) for r in rows]" "[('stale', 'birmingham', 15)]"
must desk --json directory gaps --category idva --area sandwell --on 2026-11-29 --age 15
json "Roshni begins at 16" "[(r['gap'], r['services']) for r in rows]" "[('age', 1)]"
must desk directory gaps --category nrm
has "nobody at all" "National Referral Mechanism: none, anywhere" "$out"
finish
