#!/usr/bin/env bash
# Goal: an officer is told where a referral goes and why, is stopped by a hard rule until there is a
# reason, and headquarters adds a rule as data (A20, B18, B22-23).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
must amir add case ref=20/1234 kind=fatal_rtc status=proposed la_area=walsall \
    no_exit_plan_reason="Not deployed yet" summary="A lorry and a bicycle." \
    happened_at=2026-11-20T10:00:00Z
case_id=$out
must amir add person case_id="$case_id" name="Joan Marsh" dob=1980-02-03
joan=$out

# Where to, by which rule, why.
must amir referral suggest "$joan" --type victim_support
has "the destination" "^Brake  \(another way needs a reason\)" "$out"
has "the rule" "rule: Fatal collision: Brake" "$out"
has "why" "why: +Kind of case: Fatal road collision" "$out"
must amir --json referral suggest "$case_id" --area birmingham
json "all that is said of the case" "sorted(t for r in d if not r['perhaps'] for t in r['to'])" \
    "['brake', 'mash']"
json "hard and soft" "{r['to'][0]: r['strength'] for r in d if r['to']}['brake']" hard
must amir --json referral suggest "$joan" --type mash
json "no MASH is live there" "[r['to'] for r in d]" "[['cru']]"
wont "a type that there isn't" 3 "no such answer" amir referral suggest "$joan" --type nowhere
wont "a day that there isn't" 2 "needs a date" amir referral suggest "$joan" --on soon

# Saved against it only with a reason; a refusal stops it with any.
about=(person="$joan" case_id="$case_id" la_area=walsall happened_at=2026-11-29T09:00:00Z)
wont "the rule stops it" 3 "nothing was saved: 1 thing" \
    amir add referral "${about[@]}" type=victim_support decision=referred consent=given
has "and says what it wants" "the rule says Brake.*give override_reason" "$err"
wont "a refusal stops it" 3 "nothing was saved: 1 thing" \
    amir add referral "${about[@]}" type=brake decision=referred consent=refused
has "and says so" "the person refused" "$err"
must amir add referral "${about[@]}" type=brake decision=referred consent=given
must amir add referral "${about[@]}" type=victim_support decision=override consent=given \
    override_reason="Brake has no room until May"
printf '{"form": "referral", "fields": {"person": "%s", "la_area": "walsall", %s}}\n' "$joan" \
    '"type": "victim_support", "decision": "referred", "consent": "given"' >"$T/referral.jsonl"
wont "nor does a file bring it in" 3 . amir import "$T/referral.jsonl" --apply

# A further MASH is data.
must amir sync
must admin sync
must admin add routing_rule name="MASH Walsall" strength=soft when_type=mash,cru \
    when_la_area=walsall then_type=mash valid_from=2026-11-01
must admin sync
must amir sync
must amir --json referral suggest "$joan" --type mash
json "headquarters' rule" "[(r['to'], r['rule'], r['shipped']) for r in d]" \
    "[(['mash'], 'MASH Walsall', False)]"
must amir --json referral suggest "$joan" --type mash --on 2026-10-31
json "from its day on" "[r['to'] for r in d]" "[['cru']]"

finish
