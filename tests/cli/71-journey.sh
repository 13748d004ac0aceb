#!/usr/bin/env bash
# Goal: a family takes a sheet away: what happened, whom to ring, the next date (B14); the
# safe-contact rule of the person who gets it comes first, and it is logged as a disclosure.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
relay_end TERM
day() { date -u -d "$1 days" +%F; }

must admin add case ref=26/0417 kind=homicide \
    inquest:="[{\"stage\":\"hearing\",\"at\":\"$(day 20)T10:00:00Z\",\"place\":\"Oldbury\"}]" \
    family_groups:='[{"name":"Her side"},{"name":"His side"}]'
case_id=$out
must admin add person name="Joan Marsh" safe_rule=never_at \
    safe_rule_detail="her work" safe_post=no \
    phones:='[{"value":"0121 496 0999","safe":"no"}]'
joan=$out
must admin add contact case_id="$case_id" method=visit started_at="$(day -9) 10:00" \
    family_group="Her side" assessment="My own view" family_voice="Was it quick?"
entry=$out
must admin list contact
has "FL-11: an entry begun nine days after it happened is flagged" "late" "$out"
must admin --json show "$entry"
json "FL-11: and says by how much" "d['late_hours'] > 200" True

wont "FL-12: one side of a split family is named" 2 "--group" \
    admin journey "$case_id" --for "$joan" --safe-contact-read
wont "the safe-contact rule is read first" 6 "read first" \
    admin journey "$case_id" --group "Her side" --for "$joan"
has "and it is told apart from the sheet" "her work" "$err"
equal "nothing is printed before" "" "$out"
wont "what the rule forbids isn't sent" 6 "forbids it by post" \
    admin journey "$case_id" --group "Her side" --for "$joan" --by post --safe-contact-read
must admin journey "$case_id" --group "Her side" --for "$joan" --safe-contact-read
has "what they asked" "Was it quick" "$out"
has "the next date" "inquest hearing: Oldbury" "$out"
hasnt "no assessment, and no number of the family" "own view|0999" "$out"
must admin --json journey "$case_id" --group "Her side" --for "$joan" --safe-contact-read
json "for programs" "d['reference'], [l['kind'] for l in d['lines']], d['left_out']" \
    "('26/0417', ['contact', 'question', 'date'], 0)"
must admin --json audit --op disclosure
json "it is in the log of section 62, with who got it" \
    "[(r['what'], r['recipient'] == '$joan', '$entry' in r['records']) for r in rows]" \
    "[('journey', True, True), ('journey', True, True)]"
finish
