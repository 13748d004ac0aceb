#!/usr/bin/env bash
# Goal: on the liaison officer's rest day whoever covers reads the last entries without a network
# (FL-9), with what is held back and what is still open; headquarters sees what lacks.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol bethan officer Unit
must admin add officer name="DI Lee"
lead=$out
must admin add case ref=26/0417 strategy:="[{\"version\":1,\"objectives\":\"x\",
    \"held_back\":[\"the speed\"],\"approved_by\":\"$lead\",
    \"approved_at\":\"2016-01-01T10:00:00Z\"}]"
case_id=$out
for i in 1 2 3 4 5 6; do
    must admin add contact case_id="$case_id" method=phone started_at="2026-01-0$i 10:00" \
        account="Entry number $i"
done
must admin add contact case_id="$case_id" method=attempted started_at="2026-01-07 10:00" \
    complaints:='[{"text":"Nobody rang"}]'
entry=$out
must admin sync
must bethan sync
relay_end TERM

must bethan liaison show "$case_id" --last 6
has "FL-9: the last entries, offline" "Entry number 6" "$out"
has "FL-9: five of them, and the attempt" "Entry number 2" "$out"
hasnt "not those before" "Entry number 1" "$out"
has "FL-3: what is held back comes first" "the speed" "$(head -3 <<<"$out")"
has "FL-6: what is still open" "complaint 1.*Nobody rang" "$out"
must bethan --json liaison show "$case_id"
json "FL-9: five unless said otherwise" "len(d['entries']), len(d['open'])" "(5, 1)"
wont "FL-6: nothing closes without words" 2 "--outcome is needed" bethan liaison answer "$entry"
wont "nor without a thing that was asked" 4 "no complaint 2" \
    bethan liaison answer "$entry" complaint 2 --outcome x
wont "by whatever command" 3 "nothing was saved" \
    bethan edit "$entry" answers:='[{"of":"voice","state":"closed","outcome":"x"}]'
has "and it says why" "no voice 1 to answer" "$err"
must bethan liaison answer "$entry" --progress --outcome "DI Lee will ring"
has "how far it is" "noted about complaint 1: Nobody rang -> DI Lee will ring" "$out"
must bethan --json liaison answer "$entry" complaint 1 --outcome "DI Lee rang them" \
    --told-by "DI Lee"
json "FL-6: which one it answers" "[d[k] for k in ('of', 'number', 'state', 'text')]" \
    "['complaint', 1, 'closed', 'Nobody rang']"
must bethan --json liaison show "$case_id"
json "FL-6: closed by an answer in words, by whoever covers" "d['open']" "[]"
wont "once" 5 "has its answer already" bethan liaison answer "$entry" complaint --outcome again
must bethan add action kind=family_request text="A seat in court" raised_from="$entry" \
    due=2026-02-01
must bethan liaison show "$case_id"
has "FL-6: a request that became an action" "action, .*A seat in court, due 2026-02-01" "$out"
must bethan --json liaison show "$case_id"
json "with where it comes from" \
    "[(o['of'], o['raised_from'] == '$entry', o['due']) for o in d['open']]" \
    "[('action', True, '2026-02-01')]"
must bethan --json liaison families
json "FL-2: attempts apart, FL-11: late entries, FL-10: no literature" \
    "[d[k] for k in ('contacts', 'attempts', 'late', 'literature')]" "[6, 1, 7, 'missing']"
must bethan liaison families
has "in plain words" "no literature by day 2; late entries" "$out"
# ---- whose word approves (FL-3, FL-4) ------------------------------------------------------------
must bethan add case ref=26/0499 kind=homicide no_exit_plan_reason="On the night" \
    strategy:="[{\"version\":1,\"objectives\":\"x\",\"held_back\":[\"the phone\"],
    \"approved_by\":\"$lead\",\"approved_at\":\"2016-01-01T10:00:00Z\"}]"
night=$out
wont "FL-4: an officer doesn't approve the own strategy" 3 "nothing was saved" \
    bethan edit "$night" status=active
has "and is told who does" "daybook liaison approve" "$err"
wont "by no command" 6 "as headquarters writes it" bethan liaison approve "$night" --by "$lead"
must bethan liaison show "$night"
has "until then it waits" "Strategy 1 waits for headquarters' word" "$out"
has "FL-3: and what it holds back is held back" "the phone" "$(head -4 <<<"$out")"
must admin add case ref=26/0498 kind=homicide \
    strategy:='[{"version":3,"objectives":"x","held_back":["the van"]}]'
desk=$out
must admin --json liaison approve "$desk" --by "$lead"
json "FL-3: headquarters puts it in force" "d['approved']" 3
must admin --json liaison show "$desk"
json "as it stood" "d['strategy']" "{'version': 3, 'proposed': 0, 'held_back': ['the van']}"
wont "once" 4 "no version of the strategy waits" admin liaison approve "$desk" --by "$lead"
must admin edit "$desk" status=active no_exit_plan_reason="On the night"

# ---- a suspicion that comes later (FL-5) ---------------------------------------------------------
must bethan add officer name="PC Rees"
own=$out
must bethan add case ref=26/0500 kind=homicide suspect_in_family=no flo_primary="$own"
later=$out
must bethan add action kind=search text="The flat" case_id="$later" owner="$own"
must bethan edit "$later" suspect_in_family=yes flo_deputy="$lead"
has "FL-5: when the suspicion is saved" "Give it to somebody else" "$err"
must bethan --json today
json "FL-5: and every day until somebody else has it" \
    "[(d['kind'], d['urgent']) for d in rows if d['kind'] == 'clash']" "[('clash', True)]"
must bethan --json audit --op consultation
json "and it is in the log of use" "sum(r['what'] == 'liaison families' for r in rows)" 2
finish
