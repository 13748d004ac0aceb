#!/usr/bin/env bash
# Goal: an intervention that intelligence led to lies in a restricted space, with its grade, and is
# in no list and no report of whoever gives no reason; for advice nobody is named (LL-3).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Limelight
enrol chief admin Limelight
must admin sync
wont "a restricted space takes two" 20 "org agree" \
    admin space create FGM --restricted --member chief=officer
proposal=$(grep -oE '[0-9a-f]{8}$' <<<"$err")
must chief org proposals
must chief org agree "$proposal"
must admin sync
relay_end TERM

must admin add flight --space Limelight op_ref=LIME-26 airport=BHX carrier=Carrier number=XY123 \
    direction=outbound origin=Birmingham destination=Lagos scheduled_at="2026-11-20 14:30" pax=180
flight=$out
common=(flight="$flight" op_ref=LIME-26 airport=BHX team=T5 agency=police direction=outbound
    happened_at="2026-11-20 13:50" group:='{"adults":2,"girls_5_8":1}' outcome=advice_only)
wont "in an ordinary space it is refused" 3 "nothing was saved" \
    admin add intervention --space Limelight "${common[@]}" selection_basis=intelligence_led
has "and says where it belongs" "^- Why this family: .* into a restricted space" "$err"
must admin add intervention --space Limelight "${common[@]}" selection_basis=whole_flight
ordinary=$out
must admin add intervention --space FGM "${common[@]}" selection_basis=intelligence_led
led=$out
has "the grade is asked for" "^- .*Grade of the intelligence \(3x5x2\)" "$err"
wont "and needed for signing" 3 "to put right" admin sign "$led"
has "3x5x2" "Grade of the intelligence" "$err"
must admin edit "$led" grade:='{"source":"s1","information":"a","handling":"p"}'
must admin sign "$led"

must admin --json list intervention
json "no list shows it without a reason" "[r['id'] for r in rows]" "['$ordinary']"
must admin --json report fairness
json "nor does a report count it" \
    "[r['interventions'] for r in rows if r['part'] == 'selection_basis' and r['total']]" "[1]"
must admin --json report fairness --reason "Evening of LIME-26"
json "with one, it does" \
    "{r['code']: r['interventions'] for r in rows
      if r['part'] == 'selection_basis' and r['interventions'] and 'code' in r}" \
    "{'whole_flight': 1, 'intelligence_led': 1}"

must admin add person --space FGM name='Maria Alvarez'
person=$out
must admin edit "$ordinary" persons="$person"
has "for advice nobody is named: it is said at once" "^- .*Persons: " "$err"
wont "and it can't be signed so" 3 "to put right" admin sign "$ordinary"
finish
