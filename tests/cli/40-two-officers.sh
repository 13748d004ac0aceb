#!/usr/bin/env bash
# Goal: two officers change the same case without a network; headquarters sees both values with
# their authors, decides with a reason, and all end with the same state (P2, P6, lessons 1.13-1.16).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sync_all() { for who in amir bethan desk amir bethan; do must $who sync; done; }

organisation Unit
enrol amir officer Unit
enrol bethan officer Unit
enrol desk hq Unit
must amir add case ref=20/1234 kind=fatal_rtc status=proposed \
    no_exit_plan_reason="Not deployed yet" summary="A lorry and a bicycle."
case_id=$out
sync_all
must bethan show "$case_id"
has "Bethan has Amir's case" "A lorry and a bicycle" "$out"

# Both write where there is no network.
relay_end TERM
must amir edit "$case_id" status=exiting status_reason="The inquest is over"
must amir edit "$case_id" suspect_in_family=not_known
must amir edit "$case_id" hidden_crime+=domestic_abuse
must amir edit "$case_id" vps_state=offered
must bethan edit "$case_id" status=paused status_reason="The family is abroad"
must bethan edit "$case_id" suspect_in_family=no
must bethan edit "$case_id" hidden_crime+=hate_crime
must bethan edit "$case_id" vps_state=offered
for who in amir bethan; do
    wont "$who has no network" 13 . $who sync
    must $who status
    waits=4
    [ $who = amir ] || waits=5 # that Bethan looked waits too
    has "$who is told what waits" "on this device only: $waits" "$out"
    has "and why" "The last try, .* failed: " "$out"
done
relay_start
sync_all

# Headquarters: what differs is in the queue, what is equal or a set is not.
must desk --json conflicts
json "one record needs a decision" "[r['id'] for r in rows]" "['$case_id']"
json "in these groups" "sorted(g['group'] for g in d['groups'])" "['status', 'suspect_in_family']"
json "both authors of the status" \
    "sorted((c['author'], c['value']['status'], c['value']['status_reason'])
            for g in d['groups'] if g['group'] == 'status' for c in g['choices'])" \
    "[('amir', 'exiting', 'The inquest is over'), ('bethan', 'paused', 'The family is abroad')]"
json "each with a time and a receipt" \
    "all(c['claimed'] and c['received'] for g in d['groups'] for c in g['choices'])" True
json "that nobody saw the whole is flagged" "len(d['reviews']) > 0" True
must desk conflicts
has "in words: both values" "Exiting.*The inquest is over" "$out"
has "in words: both values" "Paused.*The family is abroad" "$out"
has "in words: the authors" "by bethan, written" "$out"
must desk --json show "$case_id"
json "the protective value is shown meanwhile" "d['fields']['suspect_in_family']" not_known
json "both elements of the set" "sorted(d['fields']['hidden_crime'])" \
    "['domestic_abuse', 'hate_crime']"
must amir show "$case_id"
has "the officers see that it is disputed" "disputed: headquarters decides" "$out"
must amir status
has "status counts it" "! 1 record needs a decision by headquarters" "$out"

# Deciding: by headquarters only, with a reason, and never over a value that wasn't seen.
must amir conflicts
wont "an officer doesn't decide" 6 . amir resolve "$case_id" status=1 --reason no
wont "a reason is needed" 2 "reason" desk resolve "$case_id" status=1
wont "there is no third choice" 2 "choices 1 to 2" desk resolve "$case_id" status=3 --reason x
wont "what isn't a group" 2 "neither" desk resolve "$case_id" nothing=1 --reason x
must bethan edit "$case_id" status=proposed status_reason="A new start"
must bethan sync
must desk sync
wont "a value came in after the desk looked" 5 "changed since you looked" \
    desk resolve "$case_id" status=1 --reason x
enrol desk2 hq Unit
wont "a desk that never looked" 5 "first see what stands" \
    desk2 resolve "$case_id" status=1 --reason x
must desk --json conflicts "$case_id"
choice=$(py "[c['choice'] for g in d['groups'] if g['group'] == 'status' for c in g['choices']
              if c['value']['status'] == 'proposed'][0]")
must desk resolve "$case_id" "status=$choice" --reason "The coroner has confirmed"
has "what was decided is said" "^Decided. Status: Proposed" "$out"
must desk conflicts "$case_id"
must desk resolve "$case_id" suspect_in_family=no --reason "The lead has checked"
must desk --json conflicts
json "nothing is left" "len(rows)" 0
must desk conflicts
has "in words" "Nothing needs a decision" "$out"

sync_all
must desk2 sync
for who in amir bethan desk2; do
    must $who --json show "$case_id"
    json "$who sees the decision" "d['fields']['status'], d['disputes']" "('proposed', [])"
    json "$who sees the new value" "d['fields']['suspect_in_family']" no
    must $who --json conflicts
    json "$who has nothing to decide" "len(rows)" 0
done
must amir history "$case_id"
has "the history tells who decided and why" "The coroner has confirmed" "$out"
has "and keeps the value that lost" "Paused" "$out"

# An edit against a withdrawal is a conflict too: nothing vanishes.
must amir add case ref=20/9 kind=other summary="A second one"
second=$out
sync_all
must amir withdraw "$second" --reason "A duplicate"
must bethan edit "$second" summary="No duplicate: another collision"
sync_all
must desk --json conflicts
json "it is in the queue" "[r['id'] for r in rows]" "['$second']"
must desk show "$second"
has "the edit is not lost" "another collision" "$out"

# Changes that don't collide still make a record that nobody wrote: it is looked over.
must amir add case ref=20/11 kind=other summary="before"
fourth=$out
sync_all
must amir edit "$fourth" summary="by Amir"
must bethan edit "$fourth" vps_state=made
sync_all
must desk --json conflicts "$fourth"
json "no value is in dispute" "d['groups'], [sorted(r) for r in d['reviews']]" \
    "([], [['amir', 'bethan']])"
must desk resolve "$fourth" review=ok --reason "Both are right"
must desk --json conflicts "$fourth"
json "looked over" "d['reviews']" "[]"
must desk --json show "$fourth"
json "both changes stand" "d['fields']['summary'], d['fields']['vps_state']" "('by Amir', 'made')"

# One officer's own edits, one after the other, never conflict.
must amir add case ref=20/10 kind=other summary="one"
third=$out
for text in two three four; do must amir edit "$third" summary=$text; done
sync_all
must desk --json conflicts "$third"
json "no conflict with oneself" "d['groups'], d['reviews']" "([], [])"

# Who edits says what they saw: what came in meanwhile is not replaced unseen (P2).
must amir add flight number=TK1 carrier=TAL op_ref=LL
sheet=$out
sync_all
seen_of() { "$python" -c 'import json, sys
print(",".join(f"{k}:{v}" for k, v in json.loads(sys.argv[1])["seen"].items()))' "$out"; }
must bethan --json show "$sheet"
marks=$(seen_of)
must amir edit "$sheet" carrier="Turkish Airlines" adults+=2
sync_all
wont "a value that she has not seen" 5 "1 thing to put right" \
    bethan edit "$sheet" carrier=Turkish --seen "$marks"
has "it says which" "Carrier: another value came in" "$err"
wont "nor by whoever saw nothing there" 5 "to put right" \
    bethan edit "$sheet" carrier=Turkish --seen ""
must bethan edit "$sheet" number=TK12 adults+=1 --seen "$marks"
must bethan --json show "$sheet"
json "the value stays" "d['fields']['carrier'], d['fields']['adults']" "('Turkish Airlines', 3)"
must bethan edit "$sheet" carrier=Turkish --seen "$(seen_of)"

settle desk amir bethan
equal "Amir and the desk hold the same" "$(state_hash desk Unit)" "$(state_hash amir Unit)"
equal "Bethan and the desk hold the same" "$(state_hash desk Unit)" "$(state_hash bethan Unit)"
settle desk desk2
equal "both desks hold the same" "$(state_hash desk Unit)" "$(state_hash desk2 Unit)"
finish
