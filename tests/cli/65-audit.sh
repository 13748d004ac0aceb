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
    "['collection ', 'consultation show', 'consultation show, safe contact read', \
'consultation history', 'disclosure export']"
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
must amir --json audit --op consultation --from 2000-01-01 --to 2001-01-01
equal "nothing in another time" "" "$out"
wont "no such op" 2 "--op is" amir audit --op peeking

# The log is no record among records.
must amir --json list
json "lists" "[r['form'] for r in rows]" "[]"
must amir --json search Brake
json "finds" "rows" "[]"
must amir export
hasnt "exports" '"form": *"audit"' "$out"
must amir --json list audit
json "by its name it is there" "len(rows) > 0" True

# Who may not write can read all the same, and leaves no row.
must eve sync
must eve show "$ruth"
must eve --json audit --op consultation
json "by amir alone" "set(r['author'] for r in rows)" "{'amir'}"
must amir verify
finish
