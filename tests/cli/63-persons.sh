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
finish
