#!/usr/bin/env bash
# Goal: two officers change one case without a network; headquarters decides on the page, by
# keyboard alone, and the officer sees the decision and its reason after a sync (P2).
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"

organisation "Family Liaison Unit"
enrol amir officer "Family Liaison Unit"
enrol bethan officer "Family Liaison Unit"
enrol desk hq "Family Liaison Unit"
must amir add case ref=20/1234 kind=fatal_rtc status=proposed la_area=walsall \
    no_exit_plan_reason="Not deployed yet"
case_id=$out
for who in amir bethan desk; do must $who sync; done
must amir edit "$case_id" status=exiting status_reason="The inquest is over"
must bethan edit "$case_id" status=paused status_reason="The family is abroad"
must amir sync
must bethan sync
must amir add flight number=TK1234 carrier=THY op_ref=LL26 airport=BHX direction=outbound \
    origin=BHX destination=IST
sheet=$out
for who in amir bethan; do must $who sync; done
told case_id sheet
browse conflict
