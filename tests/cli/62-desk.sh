#!/usr/bin/env bash
# Goal: the desk sees in one place what waits, the last value that both officers had seen beside
# the two that differ, decides, and takes a decision back by another one; nothing is removed (B39).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol bethan officer Unit
enrol desk hq Unit
must desk desk
has "nothing waits at first" "Nothing waits" "$out"
must amir add case ref=20/1234 kind=fatal_rtc status=proposed no_exit_plan_reason="Not deployed"
case_id=$out
for who in amir bethan desk; do must $who sync; done
must amir edit "$case_id" status=exiting status_reason="The inquest is over"
must bethan edit "$case_id" status=paused status_reason="The family is abroad"
must amir edit "$case_id" suspect_in_family=not_known
must bethan edit "$case_id" suspect_in_family=no
for who in amir bethan desk; do must $who sync; done

must desk --json desk
json "counted in one place" "d['decide'] + d['protected'], d['records'], d['aside']" "(2, 1, 0)"
json "since when" "d['oldest'] is not None" True
must desk desk
has "in words, with the command" "in 1 record, the oldest from .*: daybook conflicts" "$out"

must desk --json conflicts "$case_id"
json "what it is, also where it was asked for by its id" \
    "d['names']['$case_id'].split(', ')[0]" 20/1234
must desk --json conflicts
json "how severe, and how old" "d['severity'], d['changed'] is not None" "('decide', True)"
json "the last value that both had seen" \
    "[g['before']['value']['status'] for g in d['groups'] if g['group'] == 'status']" "['proposed']"
json "with its author and times" "[(g['before']['author'], bool(g['before']['claimed']),
    bool(g['before']['received'])) for g in d['groups'] if g['group'] == 'status']" \
    "[('amir', True, True)]"
json "none where there was none" \
    "[g['before'] for g in d['groups'] if g['group'] == 'suspect_in_family']" "[None]"
must desk conflicts
has "in words" "before: Proposed" "$out"
has "in words, where there was none" "before: nothing that all of them had seen" "$out"

choice=$(must desk --json conflicts && py "[c['choice'] for g in d['groups']
    if g['group'] == 'status' for c in g['choices'] if c['value']['status'] == 'paused'][0]")
wont "what isn't decided can't be taken back" 4 "no decision stands" \
    desk resolve "$case_id" "status=$choice" --undo --reason "x"
must desk resolve "$case_id" "status=$choice" --reason "The family confirmed"
wont "not before it was looked at" 5 "changed since you looked" \
    desk resolve "$case_id" "status=1" --undo --reason "x"
must desk --json conflicts "$case_id"
json "the decision, and what it decided between" \
    "[(w['group'], w['value']['status'], w['reason'], sorted(v['value']['status']
       for v in w['instead_of'])) for w in d['decided']]" \
    "[('status', 'paused', 'The family confirmed', ['exiting', 'paused'])]"
old=$(py "[v['choice'] for w in d['decided'] for v in w['instead_of']
           if v['value']['status'] == 'exiting'][0]")
kept=$(py "[v['choice'] for w in d['decided'] for v in w['instead_of']
           if v['value']['status'] == 'paused'][0]")
wont "a reason is needed" 2 "reason" desk resolve "$case_id" "status=$old" --undo
must desk sync
must amir sync
must amir conflicts "$case_id"
wont "an officer doesn't" 6 . amir resolve "$case_id" "status=$old" --undo --reason x
wont "what stands is no undoing" 3 "stands already" \
    desk resolve "$case_id" "status=$kept" --undo --reason x
wont "no such value" 2 "no value with that number" \
    desk resolve "$case_id" "status=9" --undo --reason x
must desk resolve "$case_id" "status=$old" --undo --reason "It was another family"
for who in desk amir bethan; do must $who sync; done
for who in desk amir bethan; do
    must $who --json show "$case_id"
    json "$who has the restored value, whole" \
        "d['fields']['status'], d['fields']['status_reason']" "('exiting', 'The inquest is over')"
done
must amir history "$case_id"
has "both decisions stay in the history" "The family confirmed" "$out"
has "both decisions stay in the history" "It was another family" "$out"
must desk --json conflicts "$case_id"
json "and the second can be taken back like the first" \
    "[v['value']['status'] for w in d['decided'] for v in w['instead_of']]" "['paused']"
must desk verify
finish
