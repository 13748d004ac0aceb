#!/usr/bin/env bash
# Goal: how a person can be reached safely is read before any number, address, email or account of
# theirs is printed, by whichever command (B107, domain.md section 4 item 1, issue 4 point 2).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
routes='07700 900123|12 Quiet Street|ruth@example\.org|ruth_on_line|07700 900456'
must amir add person name="Ruth Marsh" safe_rule=only_via \
    safe_rule_detail="her sister Ann, at work" safe_post=no safe_voicemail=not_known \
    phones:='[{"value":"07700 900123","safe":false}]' \
    addresses:='[{"value":"12 Quiet Street","safe":true}]' \
    emails:='[{"value":"ruth@example.org","safe":true}]' \
    social:='[{"value":"ruth_on_line","kind":"Chat","safe":true}]'
ruth=$out
must amir edit "$ruth" phones+:='[{"value":"07700 900456","safe":true}]' 2>/dev/null ||
    must amir edit "$ruth" phones:='[{"value":"07700 900456","safe":true}]'
must amir add person name="Free Friend" safe_rule=free \
    phones:='[{"value":"07700 900999","safe":true}]'
free=$out
must amir add person name="Nobody Asked" phones:='[{"value":"07700 900888","safe":true}]'
unasked=$out

# One row a command: without the acknowledgement none of them prints a route.
rows=0
while read -r json command; do
    # shellcheck disable=SC2086  # words of a row
    must amir $json $command
    hasnt "without the rule read: $json $command" "$routes" "$out$err"
    rows=$((rows + 1))
done <<ROWS
 show $ruth
--json show $ruth
 history $ruth
--json history $ruth
 list
--json list
 list person
--json list person
 list person --where name=Ruth*
 search Ruth
--json search Ruth
 search 900123
--json search 900123
 search Quiet
--json search example
 search ruth_on_line
 conflicts
--json conflicts
 conflicts $ruth
--json conflicts $ruth
 export
--json export
 export --form person
 status
--json status
 verify
--json verify
 org log
 quarantine list
ROWS
equal "rows of the table" 29 "$rows"

# Nothing else is hidden, and the rule stands first.
must amir show "$ruth"
has "the rule is first" "^SAFE CONTACT: read this" "$(head -1 <<<"$out")"
has "in words" "Only through her sister Ann, at work" "$out"
has "what is forbidden" "Send no letters" "$out"
has "what nobody knows is forbidden" "Leave no voicemail: nobody knows" "$out"
has "an unsafe number is told" "Phones: 1 of 2 not known to be safe" "$out"
has "the name is there" "Ruth Marsh" "$out"
has "hidden, in words" "Phones .*hidden until the safe-contact rule is read" "$out"
has "and how to see it" "--safe-contact-read" "$out"
must amir --json show "$ruth"
json "must be read" "d['safe_contact']['must_read']" True
json "what is forbidden" "d['safe_contact']['blocks']" \
    "['post', 'voicemail', 'direct', 'route']"
json "what is withheld" "sorted(d['safe_contact']['withheld'])" \
    "['addresses', 'emails', 'phones', 'social']"
json "they are no fields" "[f for f in d['fields'] if f in ('phones', 'emails')]" "[]"

# After it was read: shown, with the rule still first.
must amir show "$ruth" --safe-contact-read
has "the rule is first" "^SAFE CONTACT: read this" "$(head -1 <<<"$out")"
for route in "07700 900123" "12 Quiet Street" "ruth@example.org" ruth_on_line; do
    has "shown: $route" "$route" "$out"
done
must amir --json show "$ruth" --safe-contact-read
json "shown" "[p['value'] for p in d['fields']['phones']]" "['07700 900123', '07700 900456']"
json "nothing is withheld" "d['safe_contact']['withheld']" "[]"
json "the rule travels along" "len(d['safe_contact']['rule'])" 4
must amir history "$ruth" --safe-contact-read
has "the rule is first" "^SAFE CONTACT: read this" "$(head -1 <<<"$out")"
has "shown" "07700 900123" "$out"
must amir --json history "$ruth" --safe-contact-read
has "shown" "07700 900123" "$out"

# An export needs a reason besides.
wont "an export without a reason" 2 "needs --reason" amir export --safe-contact-read
must amir export
has "it says what it left out" "Of 1 of them the ways to reach the person are left out" "$err"
has "others are whole" "07700 900999" "$out"
must amir export --safe-contact-read --reason "Handover to the cover officer"
has "with a reason it is whole" "07700 900123" "$out"
has "and the rule is in it" '"safe_contact".*her sister Ann' "$out"

# Where nothing restricts, nothing is asked; where nothing is recorded, that is said.
must amir show "$free"
hasnt "no rule, no question" "SAFE CONTACT|hidden" "$out"
has "the number" "07700 900999" "$out"
must amir show "$unasked"
has "nothing is recorded" "No safe-contact rule is recorded: ask" "$(head -1 <<<"$out")"
has "the number" "07700 900888" "$out"
must amir search 900999
has "a snippet of someone without a rule" "07700 900999" "$out"

# On a terminal the question has to be answered with the word.
terminal() {
    "$python" - "$1" "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" \
        show "$ruth" <<'PY'
import os, pty, sys
answer, argv = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
said, answered = b"", False
while True:
    try:
        got = os.read(fd, 4096)
    except OSError:
        break
    if not got:
        break
    said += got
    if not answered and b"Type yes" in said:
        print("BEFORE" if b"900123" in said else "ASKED")
        os.write(fd, answer.encode() + b"\n")
        answered = True
os.waitpid(pid, 0)
sys.stdout.write(said.decode(errors="replace"))
PY
}
out=$(terminal yes)
has "asked before anything is shown" "^ASKED" "$out"
has "yes shows it" "07700 900123" "$out"
for word in no "" y; do
    out=$(terminal "$word")
    has "asked" "^ASKED" "$out"
    hasnt "\"$word\" shows nothing" "$routes" "$out"
done
finish
