#!/usr/bin/env bash
# Goal: schedules of unused material are printed with numbers that are given once; a sensitive item
# leaves no trace on the schedule that the defence gets, and a nil schedule is printed too (2.7).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
must admin sync

must amir add case ref=26/0417 kind=homicide
case_id=$out
item() { must amir add disclosure_item case_id="$case_id" "$@"; }
schedule() { must "$1" report schedule "$case_id" --kind "${@:2}"; }

schedule amir mg6d
has "nothing listed: the nil schedule is printed" "^NIL\. Every item has been considered" "$out"
has "it says what it is" "^MG6D: schedule of relevant sensitive" "$out"
has "and wants a signature" "^Disclosure officer: .*Signed: .*Date:" "$out"
equal "marked at its head and foot" 2 "$(grep -c '^OFFICIAL-SENSITIVE$' <<<"$out")"

wont "sensitive, and no reason: refused" 3 "nothing was saved" \
    amir add disclosure_item case_id="$case_id" description='A note' sensitive=yes
item description='Letter of the brother, 3 pages' location='Box 4' sensitive=no \
    meets_test=yes meets_test_reason='He says that he was there'
item description='Note on who rang' sensitive=yes sensitive_reason='It names the caller'
item description='Receipt for the coat' sensitive=no
item description='Diary'
unseen=$out
wont "an officer gives no numbers" 6 "only headquarters" amir schedule number "$case_id"
schedule amir mg6c
has "a draft, until headquarters has numbered it" "^DRAFT: " "$out"
must amir sync
must admin sync
must admin schedule number "$case_id"
equal "all that somebody has considered" "3 items numbered." "$out"

schedule admin mg6c
has "numbered" "^ +2 Receipt for the coat" "$out"
hasnt "nothing of what is sensitive, nor of what nobody considered" "rang|caller|Diary|DRAFT" "$out"
hasnt "the defence's schedule names no space" "Material held" "$out"
has "who prints it is told what is on no schedule" "^Of 1 item nobody has said" "$err"
schedule admin mg6d --csv
equal "MG6D counts by itself; every line is marked" \
    '"OFFICIAL-SENSITIVE","1","listed","Note on who rang","","It names the caller",""' \
    "$(sed -n 2p <<<"$out" | tr -d '\r')"
must admin --json report schedule "$case_id" --kind mg6c
json "for programs" "(d['kind'], d['marking'], d['nil'], d['draft'], d['items'])" \
    "('mg6c', 'OFFICIAL-SENSITIVE', False, False, 2)"
receipt=$(py "[r['id'] for r in rows if r.get('number') == 2][0]")
must admin edit "$receipt" sensitive=yes sensitive_reason='The shop is next to her refuge' \
    --reason 'Looked at again'
must admin --json report schedule "$case_id" --kind mg6c
json "what becomes sensitive keeps its number, without a word" \
    "[r for r in rows if r.get('number') == 2]" \
    "[{'part': 'item', 'number': 2, 'state': 'withdrawn'}]"
must admin add case ref=26/0500 kind=other
other=$out
must admin add disclosure_item case_id="$other" description='A call'
wont "nil is not said while an item waits" 3 "can't be nil" \
    admin report schedule "$other" --kind mg6d
must admin edit "$unseen" sensitive=no

# ---- the disclosure officer's report ---------------------------------------------------------
schedule admin mg6e
has "MG6E: in words" "^Items on the MG6C: 2. On the MG6D: 2." "$out"
has "what meets the test" "mg6c, item 1: He says that he was there" "$out"
must amir add contact case_id="$case_id" method=visit cpia=relevant
schedule amir mg6e
has "what is relevant and listed nowhere" "^Relevant and listed nowhere: 1" "$out"

# ---- the log --------------------------------------------------------------------------------
schedule admin mg6c --to 'Crown Prosecution Service'
must admin --json audit --op disclosure
json "who got it is in the log" "[(r['what'], r['recipient']) for r in rows]" \
    "[('schedule mg6c', 'Crown Prosecution Service')]"
must admin --json audit --op consultation
json "and who looked" "'schedule mg6d' in {r.get('what') for r in rows}" True
wont "a kind that there isn't" 2 "mg6c, mg6d or mg6e" admin report schedule "$case_id"
finish
