#!/usr/bin/env bash
# Goal: graded intelligence leaves only to whom its handling conditions name, and a source is
# written down nowhere but apart (2.10).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
relay_end TERM

must amir add case ref=26/0417 kind=other
intel() { must amir add intel_report subject=Route text="From $1" "${@:2}"; }
intel May handling=p source_grade=s1 information_grade=a
free=$out
intel June handling=c conditions='Not to the carrier' may_see:='["Border Force"]'
bound=$out
wont "2.10: refused to whom the conditions don't name" 6 "1 record of intelligence may not go to" \
    amir export --to 'The carrier' --output "$T/carrier.jsonl"
has "which" "(${bound:0:8})" "$err"
equal "no file was begun" no "$([ -e "$T/carrier.jsonl" ] && echo yes || echo no)"
wont "refused when nobody is named" 6 "nobody in particular" amir export
must amir export --to 'border force'
json "whom they name gets it" "sorted(r['form'] for r in rows)" \
    "['case', 'intel_report', 'intel_report']"
must amir export --leave-out --to 'The carrier'
json "without it, when that is asked for" "[r['id'] for r in rows if r['form'] == 'intel_report']" \
    "['$free']"
has "and said" "^1 record of intelligence left out" "$err"
must amir --json audit --op disclosure
json "what was refused is not in the log; what went is, without what stayed" \
    "[('$bound' in r['records'], r.get('recipient')) for r in rows]" \
    "[(True, 'border force'), (False, 'The carrier')]"

wont "handing it to another is refused" 3 "nothing was saved" \
    amir edit "$bound" submitted:='{"to":"The carrier","at":"2026-11-24T10:00:00Z"}'
must amir edit "$bound" submitted:='{"to":"Border Force","at":"2026-11-24T10:00:00Z"}'
wont "a source where everybody reads it: refused" 3 "nothing was saved" \
    amir add source reference=S1 identity='Her aunt'
has "with where it belongs" "restricted space of its own" "$err"
finish
