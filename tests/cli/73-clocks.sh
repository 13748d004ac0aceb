#!/usr/bin/env bash
# Goal: the law's time limits run in working days; what is due is in today's list, and a report says
# how many were met and, of those missed, which and why (2.3, 2.12).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
relay_end TERM

must amir --json report clocks
json "limits are told with none to count" "{r['code']: r['total'] for r in rows}" \
    "{'fgm_report': 0, 'referral': 0, 'update': 0}"
json "and which of them no source confirms" "sorted(r['code'] for r in rows if not r['verified'])" \
    "['referral', 'update']"

# ---- mandatory reports ----------------------------------------------------------------------
fgm() { must amir add fgm_report reporter='Ms Hall' reporter_role=teacher reference=26/7 "$@"; }
wont "2.3: a parent's word makes no duty" 3 "nothing was saved" \
    amir add fgm_report mandatory=yes known_from=parent
has "and it says so" "^- Under the duty to report: only what the girl said" "$err"
fgm mandatory=no known_from=parent identified_at=2024-03-28T10:00Z reported_at=2024-06-01T10:00Z
fgm mandatory=yes known_from=girl identified_at=2024-03-28T10:00Z reported_at=2024-04-02T20:00Z
fgm mandatory=yes known_from=signs identified_at=2024-03-28T10:00Z reported_at=2024-04-03T08:00Z
has "a late one is asked why" "Why it was late: it was" "$err"
late=$out
must amir --json report clocks
json "over Easter, by the end of the next working day; without a duty it doesn't count" \
    "[rows[0][k] for k in ('total', 'in_time', 'late', 'unexplained')]" "[2, 1, 1, 1]"
json "what was late is named" \
    "[(r['id'], r['due'], r['reason']) for r in rows if r['part'] == 'missed']" \
    "[('$late', '2024-04-02T22:59:59Z', None)]"
must amir edit "$late" late_reason='The school was closed'
must amir --json report clocks
json "with why" "[r['reason'] for r in rows if r['part'] == 'missed']" "['The school was closed']"

# ---- victims --------------------------------------------------------------------------------
must amir add case ref=26/0417 kind=homicide reported_at=2024-03-28T10:00Z
case_id=$out
must amir add person name='Joan Marsh' case_id="$case_id" role_in_case:='{"role":"close_relative"}'
joan=$out
must amir add person name='Peter Marsh' case_id="$case_id" role_in_case:='{"role":"witness"}'
must amir add key_decision case_id="$case_id" kind=charge decided_at=2024-03-28T10:00Z \
    victims="$joan"
decision=$out
must amir --json today
json "what runs out is in today's list" \
    "{d['id']: d['when'] for d in rows if d['kind'] == 'limit'} == {
      '$joan': 'overdue', '$decision': 'overdue'}" True
must amir today
has "in words" "overdue .*time limit of the law .*Joan Marsh" "$out"
must amir add referral person="$joan" case_id="$case_id" type=victim_support decision=info_left \
    reason='She has the leaflet' consent=refused happened_at=2024-04-02T09:00Z
must amir edit "$decision" \
    notified:="{\"person\":\"$joan\",\"at\":\"2024-04-04T10:00:00Z\",
        \"answer\":\"told\",\"late_reason\":\"Abroad\"}"
must amir report clocks
has "2.12: referral within two working days" \
    "^Victim referred to support +2 +1 +1 +0 +0 +0 +0" "$out"
has "2.12: told late, since enhanced rights are taken as held" \
    "^Victim told of a key decision +1 or 5 +1 +0 +1 " "$out"
has "with the reason" "Abroad" "$out"
has "what isn't confirmed is said" "Not confirmed by a source.* right 4" "$err"
must amir edit "$joan" enhanced_rights=no --reason 'Assessed: none'
must amir --json report clocks
json "without them it is five" "[r['in_time'] for r in rows
    if r.get('code') == 'update' and r['part'] == 'limit']" "[1]"
must amir --json today
json "and nothing is left to do" "[d for d in rows if d['kind'] == 'limit']" "[]"

# ---- beyond the published lists -------------------------------------------------------------
fgm mandatory=yes known_from=girl identified_at=2034-12-22T10:00Z reported_at=2034-12-28T09:00Z
must amir report clocks
has "years without a published list are said" "without a published list of bank holidays .*2028" \
    "$err"
must amir report clocks --until 2030-01-01
hasnt "not when they aren't asked for" "without a published list" "$err"
finish
