#!/usr/bin/env bash
# Goal: a repeat victim is noticed when entered, headquarters sees why two records may be one
# person, links them without merging, and can take it back (B39, B77). What stands in a
# compartment that a device doesn't hold shows nothing, not even that it is there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol desk hq Unit
must amir add person name="Mohammed Al-Hussain" dob=1984-03-02
first=$out
must amir sync
must desk sync
must desk add person name="Hussein Muhammad" dob=1984-03-02
second=$out
has "said when it is entered" "perhaps the same person as $first" "$err"
must amir add person name="Joan Marsh" dob=1961-04-05
hasnt "nobody is like her" "perhaps" "$err"

must desk --json persons duplicates
json "a pair, once, with its parts" \
    "[(r['id'], r['other'], r['parts']['birth'], r['parts']['name']['how']) for r in rows]" \
    "[('$second', '$first', {'how': 'same', 'points': 30}, 'near')]"
must desk persons duplicates
has "in words" "name near .[+][0-9]+.*, date of birth same .[+]30" "$out"
must desk add person name="Mohamad Hussain" dob=1984-03-02
third=$out
must desk --json persons duplicates
json "whoever came last first" "[(r['id'], r['other']) for r in rows]" \
    "[('$third', '$second'), ('$third', '$first'), ('$second', '$first')]"
must desk --json persons duplicates --limit 2
json "a page" "[r['other'] for r in rows]" "['$second', '$first']"
must desk --json persons duplicates --limit 2 --after "$third:$first"
json "goes on where the one before ended" "[(r['id'], r['other']) for r in rows]" \
    "[('$second', '$first')]"
wont "a pair is two" 2 "as ID:ID" desk persons duplicates --after "$third"
must desk withdraw "$third" --reason "Typed twice"
wont "a reason is needed" 2 "reason" desk persons link "$first" "$second"
wont "not with itself" 3 "one record already" desk persons link "$first" "$first" --reason x
must desk persons link "$first" "$second" --reason "Seen together: one passport"
must desk --json persons duplicates
json "decided" "len(rows)" 0
must desk sync
must amir sync
for who in amir desk; do
    must $who --json show "$first"
    json "$who: the old id tells of the other" "d['same_person']" "['$second']"
    json "$who: and stays as it was" "d['fields']['name']" "Mohammed Al-Hussain"
    must $who show "$second"
    has "$who: in words" "the same person as $first" "$out"
done
must desk persons unlink "$first" "$second" --reason "Brothers, says the mother"
must desk --json show "$first"
json "apart again" "d['same_person']" "[]"
must desk --json persons duplicates
json "and not suggested again" "len(rows)" 0
must desk history "$second"
has "the history keeps both" "one passport" "$out"
must desk --json persons cases "$first"
json "no case" "d['count']" 0

# All that is held on one of them, for who asks (2.6): what is of others is withheld.
must desk sync
must amir sync
must amir add contact method=visit account="Marker of what a neighbour said" \
    present:="[{\"person\":\"$first\",\"role\":\"family\"},{\"name\":\"Marker Neighbour\"}]"
contact=$out
must amir --json persons held "$first" --to "Mohammed Al-Hussain" --reason "s45"
json "every record of theirs, and nothing of others" \
    "{r['id']: (r['form'], r['why']) for r in d['records']}" \
    "{'$contact': ('contact', 'refers'), '$second': ('person', 'refers'), \
'$first': ('person', 'self')}"
json "of another's record nothing is said" "set(f.get('withheld') for r in d['records'] \
if r['id'] == '$second' for f in r['fields'].values())" "{'third_party'}"
json "what is withheld says why" "[d['records'][0]['fields'][k] for k in ('method', 'account', \
'present')]" "['visit', {'withheld': 'free_text'}, {'withheld': 'third_party'}]"
json "their own name is theirs" \
    "[r['fields']['name'] for r in d['records'] if r['why'] == 'self']" "['Mohammed Al-Hussain']"
must amir persons held "$first"
has "in words" "family said: .withheld: words that may name others" "$out"
hasnt "nothing of others, and no number" "Marker|0121 |07700" "$out"
must amir --json audit --record "$contact"
json "given out, and looked at" "[(r['op'], r.get('recipient')) for r in rows][1:]" \
    "[('disclosure', 'Mohammed Al-Hussain'), ('consultation', None)]"
wont "of a person only" 3 "a person's record" amir persons held "$contact"
finish
