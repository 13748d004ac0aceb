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
must bethan edit "$entry" \
    answers:='[{"of":"complaint","state":"closed","outcome":"DI Lee rang them"}]'
must bethan --json liaison show "$case_id"
json "FL-6: closed by an answer in words, by whoever covers" "d['open']" "[]"
must bethan --json liaison families
json "FL-2: attempts apart, FL-11: late entries, FL-10: no literature" \
    "[d[k] for k in ('contacts', 'attempts', 'late', 'literature')]" "[6, 1, 7, 'missing']"
must bethan liaison families
has "in plain words" "no literature by day 2; late entries" "$out"
must bethan --json audit --op consultation
json "and it is in the log of use" "sum(r['what'] == 'liaison families' for r in rows)" 2
finish
