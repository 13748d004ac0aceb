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

# Bethan's store lives twice: what shows it is told to the desk, and settled on its page.
on desk lock
cp -a "$T/bethan" "$T/twin"
cp "$T/bethan.pass" "$T/twin.pass"
cp -a "$HOME" "$T/twin.home"
twin() { HOME=$T/twin.home must twin "$@"; }
mkdir "$T/stick"
must bethan add person name="By Bethan"
must bethan sync
must desk sync
for name in "By the copy" "By the copy too"; do twin add person name="$name"; done
twin sync --folder "$T/stick"
wont "the desk is told" 21 "two histories" desk sync --folder "$T/stick"
browse evidence
