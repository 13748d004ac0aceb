#!/usr/bin/env bash
# Goal: an officer sees in one list what waits, the worst first; what is done doesn't come back, and
# a case graded standard that police come to again and again stands out (B46).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
relay_end TERM
day() { date -d "$1 days" +%F; }

must amir today
has "nothing is due" "^Nothing is due" "$out"
hasnt "and nothing is unsynced" "only" "$out"

must amir add case ref=26/0417 kind=homicide
case_id=$out
must amir add action text="Ring the coroner" due="$(day -2)" case_id="$case_id"
must amir add action text="Find the brother" due="$(day -1)" priority=urgent case_id="$case_id"
must amir add action text="Over with" due="$(day -3)" state=done result=done
must amir add action text="Next month" due="$(day 30)"
must amir add protective_order kind=nmo expires_on="$(day 3)"
must amir --json today
json "by severity: overdue before soon, urgent first; what is done or far off isn't told" \
    "[(d['kind'], d['when'], d['urgent']) for d in rows[:-1]]" \
    "[('action', 'overdue', True), ('action', 'overdue', False), ('expiry', 'soon', False)]"
json "and what isn't at headquarters yet" "[rows[-1][k] for k in ('kind', 'here_only')]" \
    "['unsynced', 6]"
must amir today
has "in plain words" "^URGENT .*Find the brother" "$out"
has "the notes that are here only, without looks at them" "6 changes on this device only" "$out"

# ---- services (B18) ---------------------------------------------------------------------------
must amir add service name=Brake la_areas=walsall assured_date=2020-01-01 verify_every_days=90
service=$out
must amir add service name=Mind la_areas=walsall assured_date=2020-01-01 verify_every_days=90
must amir --json today
json "whom no referral names isn't told" "[d for d in rows if d['kind'] == 'service']" "[]"
must amir add referral type=brake service="$service" decision=referred consent=given
referral=$out
must amir today
has "B18: ring before anybody is sent" "overdue .*ring before you send anybody.*Brake" "$out"
must amir edit "$referral" state=done
must amir --json today
json "only while the referral is open" "[d for d in rows if d['kind'] == 'service']" "[]"
must amir --json desk
json "headquarters: how many are overdue" "d['services_overdue'], d['reassign']" "(2, 0)"
must amir desk
has "in words, with the command" "2  services whose check is overdue: daybook directory" "$out"

# ---- contacts -------------------------------------------------------------------------------
contact() { must amir add contact case_id="$case_id" "$@"; }
must amir add risk_assessment case_id="$case_id" kind=dash judgement_band=standard \
    happened_at="$(day -20) 10:00"
contact method=visit started_at="$(day -10) 10:00" \
    next_contact:="{\"when\":\"$(day -6)T10:00:00Z\"}"
contact method=phone started_at="$(day -5) 10:00" next_contact:="{\"when\":\"$(day 2)T10:00:00Z\"}"
must amir --json today
json "only what was agreed last counts" \
    "[d['when'] for d in rows if d['kind'] == 'contact']" "['soon']"
contact method=attempted started_at="$(day -4) 10:00"
must amir --json today
json "FL-2: an attempt is no contact" "[d for d in rows if d['kind'] == 'repeat']" "[]"
contact method=phone started_at="$(day -3) 10:00"
must amir --json today
json "B46: a third contact makes a standard case stand out" \
    "[(d['contacts'], d['id']) for d in rows if d['kind'] == 'repeat']" "[(3, '$case_id')]"
must amir add risk_assessment case_id="$case_id" kind=dash judgement_band=high \
    happened_at="$(day -1) 10:00"
must amir --json today
json "a case that is graded high is watched otherwise" \
    "[d for d in rows if d['kind'] == 'repeat']" "[]"
must amir --json today --limit 1
json "a page has so many of each, so that a backlog hides nothing, and says what it left out" \
    "[d['when'] for d in rows if 'when' in d], [d for d in rows if d['kind'] == 'more']" \
    "(['overdue', 'soon'], [{'kind': 'more', 'overdue': 1, 'today': 0, 'soon': 0}])"
must amir today --limit 1
has "in plain words" "^and more: 1 overdue, 0 for today, 0 soon" "$out"
wont "a limit is a number" 2 "a number" amir today --limit few
wont "days are a number" 2 "a number" amir today --days many
finish
