#!/usr/bin/env bash
# Goal: who looked at what, and what was given out, is in a log that is written offline, reaches
# headquarters, and holds no content (DPA 2018 s62; domain.md 2.6, 3.11; issue 4 point 9).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol eve auditor Unit
must amir add person name="Ruth Marker" safe_rule=never_at safe_rule_detail="Her work" \
    phones:='[{"value":"07700 900123","safe":true}]'
ruth=$out
must amir sync
must eve sync

# Without a network.
relay_end TERM
must amir show "$ruth"
must amir show "$ruth" --safe-contact-read
must amir history "$ruth"
must amir export --form person --to "Brake" --reason "Referral by post"
relay_start
must admin sync
must admin --json audit --record "$ruth"
json "headquarters doesn't know yet" "[r['op'] for r in rows]" "['collection']"
must amir sync
must admin sync
must admin --json audit --record "$ruth"
json "each is one row, in order" \
    "[r['op'] + ' ' + r.get('what', '') for r in rows]" \
    "['collection ', 'consultation show', 'consultation show', \
'consultation safe contact read', 'consultation history', 'disclosure export']"
json "who" "set(r['author'] for r in rows)" "{'amir'}"
json "which record" "set(r['records'][0] for r in rows)" "{'$ruth'}"
json "to whom, and why" "(rows[-1]['recipient'], rows[-1]['reason'])" \
    "('Brake', 'Referral by post')"
json "received" "all(r['received'] for r in rows)" True

# No content, also of what was taken away.
must amir withdraw "$ruth" --reason "Marker of a reason"
must amir --json audit
json "the erasure is there" "[r['op'] for r in rows][-1]" erasure
hasnt "it tells nothing of the record" "Marker|900123|Her work" "$out"
must amir audit --op disclosure
has "as a table" "disclosure +amir .* export +Brake +Referral by post" "$out"
must amir --json audit --op consultation --since 2000-01-01 --until 2001-01-01
equal "nothing in another time" "" "$out"
wont "no such op" 2 "--op is" amir audit --op peeking

# By device, and for a spreadsheet.
must amir --json audit --actor AMIR
json "his alone" "set(r['author'] for r in rows)" "{'amir'}"
must amir audit --actor nobody --csv
equal "nobody's: the head alone" 1 "$(wc -l <<<"$out")"
must amir audit --record "$ruth" --csv --output "$T/log.csv"
equal "a file of its owner's only" 600 "$(stat -c %a "$T/log.csv")"
run "$python" -c "
import csv
rows = list(csv.DictReader(open('$T/log.csv', newline='')))
print([r['op'] for r in rows][-2:], rows[-2]['recipient'], rows[-2]['records'] == '$ruth')"
equal "it reads as CSV" "['disclosure', 'erasure'] Brake True" "$out"
must amir export --form case --to '=HYPERLINK("x")' --reason "no case is here"
must amir add case ref=26/65 kind=other
must amir export --form case --to '=HYPERLINK("x")' --reason "a formula"
must amir audit --op disclosure --csv
has "no formula" "\"'=HYPERLINK\(\"\"x\"\"\)\"" "$out"
must amir withdraw "$(ids amir --where ref=26/65)" --reason "of the test"

# Lists say how much was seen, and never what was looked for.
must amir add contact method=phone account="Marker of an accordion"
called=$out
must amir search accordion
must amir --json list contact
must amir today
must amir conflicts "$called"
must amir --json audit --op consultation
json "kinds and counts" "[(r['what'], r['count']) for r in rows][-3:]" \
    "[('search', 1), ('list contact', 1), ('conflicts', 1)]"
json "what is named is named" "rows[-1]['records']" "['$called']"
hasnt "nothing of what was looked for" "Marker|accordion" "$out"
must amir withdraw "$called" --reason "of the test"

# A referral tells of a person by where it goes and what it waits for.
must amir add person name="Joan Marsh" dob=1980-02-03
joan=$out
must amir add referral person="$joan" type=cru decision=referred consent=given la_area=walsall \
    happened_at=2026-11-29T09:00:00Z
referral=$out
must amir referral suggest "$joan"
must amir referral due
has "control: it waits" "$referral  send" "$out"
must amir --json audit --op consultation
json "both are looks" "[(r['what'], r.get('records')) for r in rows][-2:]" \
    "[('referral suggest', ['$joan']), ('referral due', [])]"
must amir withdraw "$referral" --reason "of the test"
must amir withdraw "$joan" --reason "of the test"

# No look without its entry: a disk that takes nothing shows nothing (decision 0024).
must amir add contact method=phone account="Behind a full disk"
called=$out
full_disk() {
    run bash -c 'ulimit -f 1; exec "$0" --store "$1" --passphrase-file "$2" "${@:3}"' \
        "$DAYBOOK" "$T/amir" "$T/amir.pass" "$@"
}
full_disk status
equal "control: what shows no record goes on" 0 "$status"
for command in "show $called" "history $called" "list" "--json list" "search disk" "export"; do
    # shellcheck disable=SC2086
    full_disk $command
    equal "$command: the disk is full" 11 "$status"
    hasnt "$command: nothing is out" "Behind|$called" "$out"
done
must amir withdraw "$called" --reason "of the test"

# The log is no record among records.
must amir --json list
json "lists" "[r['form'] for r in rows]" "[]"
must amir --json search Brake
json "finds" "rows" "[]"
must amir export
hasnt "exports" '"form": *"audit"' "$out"
must amir --json list audit
json "by its name it is there" "len(rows) > 0" True

# Who may write nothing else leaves a row of what it looked at (decision 0029).
must eve sync
must eve show "$ruth"
wont "an auditor writes no record" 6 "nothing but the log of use" eve add person name=Eve
must eve sync
must amir sync
must amir --json audit --op consultation --actor eve
json "an auditor's look" "[(r['what'], r['records']) for r in rows]" "[('show', ['$ruth'])]"
must eve verify

# What happens to a device, and to no record (3.11).
export XDG_RUNTIME_DIR=$T/run
mkdir "$XDG_RUNTIME_DIR"
echo "a guess that is wrong" >"$T/wrong.pass"
wont "a guess" 7 "wrong" amir --passphrase-file "$T/wrong.pass" status
wont "another" 7 "wrong" amir --passphrase-file "$T/wrong.pass" status
must amir unlock
must amir lock
must amir --json audit --op failed_unlock
json "guesses are told with the next right passphrase" \
    "[(r['count'], r['records']) for r in rows]" "[(2, [])]"
must amir --json audit --op login
json "an unlock is one entry, and no command is one" "[(r['what'], r['author']) for r in rows]" \
    "[('unlock', 'amir')]"
cp "$T/amir.pass" "$T/same.pass"
must amir passphrase --new-file "$T/same.pass"
must amir rekey
must amir --json audit --op key
json "keys" "[r['what'] for r in rows]" "['new passphrase', 'new store key']"
echo '{"form": "contact", "fields": {"method": "phone"}}' >"$T/one.jsonl"
must amir import "$T/one.jsonl" --apply
must amir --json audit --op import
json "a file taken in" "[(r['what'], r['count']) for r in rows]" "[('import', 1)]"
wont "every kind is named" 2 "login, failed_unlock, key, import, wipe or break_glass" \
    amir audit --op peeking
must amir verify
must amir --json wipe --yes
json "headquarters is told before the keys go" "(d['told'], d['lost'])" "(True, [])"
must admin sync
must admin --json audit --record "$ruth" --op consultation --actor amir
json "what was looked at there is known, though record and device are gone" "len(rows) > 2" True
must admin --json audit --actor amir
json "all of it is there" "set(['login', 'failed_unlock', 'key', 'import', 'wipe']) - \
set(r['op'] for r in rows)" "set()"

# Page by page: the newest, and what is before it.
must admin --json audit
all=$(py "[r['entry'] for r in rows]")
must admin --json audit --limit 4
json "the newest, the oldest of them first" "[r['entry'] for r in rows] == $all[-4:]" True
must admin --json audit --limit 4 --before "$(py "d['entry']")"
json "and those before them" "[r['entry'] for r in rows] == $all[-8:-4]" True
wont "an entry is named as it was told" 2 "as --json names it" admin audit --limit 4 --before 7
wont "a page has a length" 2 "wants --limit" admin audit --before 7
finish
