#!/usr/bin/env bash
# Goal: an officer writes, corrects, signs, supplements, withdraws, finds and reads notes, with no
# network at any moment; every answer is also there as JSON, and every command explains itself.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
relay_end TERM

# ---- what can be recorded -------------------------------------------------------------------
must amir forms
has "the forms" "^contact +1 +Family contact" "$out"
must amir --json forms
json "forms, for programs" \
    "{'case', 'person', 'contact', 'intervention', 'flight'} <= {f['form'] for f in d}" True
must amir form show contact
has "a form's fields" "^  method +code +to sign +Method" "$out"
has "and its answers" "mortuary_viewing" "$out"
must amir --json form show intervention
json "a form, for programs" \
    "d['signs'], [(f['kind'], f['form']) for f in d['fields'] if f['field'] == 'flight']" \
    "(True, [('ref', 'flight')])"
ok "the forms need no store" "$DAYBOOK" --store "$T/nowhere" forms

# ---- writing --------------------------------------------------------------------------------
must amir add case ref=26/0417 kind=fatal_rtc status=proposed la_area=walsall
case_id=$out
has "add prints the id alone" \
    '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' "$case_id"
must amir --json add contact case_id="$case_id" method=visit started_at="2026-11-20 14:30" \
    direction=police_to_family place="Their home" purpose:='["first_visit","coroner"]' \
    present:='[{"name":"Mrs Adebayo","role":"family"},{"name":"PC Khan","role":"officer"}]' \
    account="She asked whether he was in pain. It was very quiet." child_present=not_known
json "add, for programs" "sorted(d), d['done']" "(['done', 'id', 'warnings'], 'saved')"
contact=$(py "d['id']")
must amir add contact method=attempted attempt=no_answer
draft=$out

must amir show "$contact"
has "a marking stands at the top" "^OFFICIAL-SENSITIVE" "$out"
has "what was written" "She asked whether he was in pain" "$out"
has "codes in words" "Viewing|Visit" "$out"
has "who was there, and in what part" "Mrs Adebayo.*Family" "$out"
has "not known is said" "[Nn]ot known" "$out"
has "where it stands" "on this device only" "$out"
must amir --json show "$contact"
json "show, for programs" \
    "[d['fields'][f] for f in ('method', 'purpose', 'child_present')]" \
    "['visit', ['coroner', 'first_visit'], 'not_known']"
json "the time has this machine's offset" "d['fields']['started_at'][:16]" 2026-11-20T14:30
must amir show "${contact:0:8}${contact:9:4}${contact:14:4}"
has "an id may be shortened" "$contact" "$out"
must amir --json edit "$contact" place="At her sister's" ended_at="2026-11-20 15:45"
json "edit, for programs" "d['done'], d['id']" "('saved', '$contact')"
must amir edit "$contact" assessment="Calm, and very tired"
must amir edit "$contact" assessment-=
must amir --json show "$contact"
json "a field can be made blank again" "'assessment' in d['fields'], d['fields']['place']" \
    "(False, \"At her sister's\")"
must amir edit "$case_id" hidden_crime+=hate_crime
must amir edit "$case_id" hidden_crime+=domestic_abuse
must amir edit "$case_id" hidden_crime-=hate_crime
must amir edit "$case_id" family_groups+:='{"name":"Her side","spokesperson":"not_known"}'
must amir --json show "$case_id"
json "a set and a log" "d['fields']['hidden_crime'], d['fields']['family_groups'][0]['name']" \
    "(['domestic_abuse'], 'Her side')"

# ---- signing --------------------------------------------------------------------------------
wont "a draft is not signed" 3 "not signed: [0-9]+ things to put right" amir sign "$draft"
has "what is missing is listed in the officer's words" "^- Started" "$err"
has "all of it" "^- Present" "$err"
must amir edit "$contact" s38=fact
must amir --json sign "$contact"
json "sign, for programs" "d['done']" signed
wont "a signed note is not changed" 6 . amir edit "$contact" place=Elsewhere
wont "nor signed again" 6 . amir sign "$contact"
wont "FL-11: an addendum has a reason" 2 "--reason" amir addendum "$contact" "Yet"
must amir addendum "$contact" "She rang later: the brother is called Tunde." --reason "told later"
must amir --json history "$contact"
json "FL-11: and it stays beside it" "d[-1]['reason']" "told later"
wont "an addendum needs a signed note" 6 . amir addendum "$draft" "More" --reason x
must amir show "$contact"
has "signed, and with its addendum" "signed in" "$out"
has "signed, and with its addendum" "brother is called Tunde" "$out"
wont "a case isn't signed" 6 . amir sign "$case_id"

# ---- withdrawing ----------------------------------------------------------------------------
wont "with a reason only" 2 "reason" amir withdraw "$draft"
must amir --json withdraw "$draft" --reason "Wrong family"
json "withdraw, for programs" "d['done']" withdrawn
must amir list
hasnt "a withdrawn note is out of the way" "${draft:0:13}" "$out"
must amir list --withdrawn
has "but there" "${draft:0:13}.*withdrawn" "$out"
must amir history "$draft"
has "with its reason" "Wrong family" "$out"

# ---- finding --------------------------------------------------------------------------------
must amir list contact
has "list" "^${contact:0:13} +contact +20 Nov 2026 14:30 +signed" "$out"
must amir --json list
json "list, for programs" "sorted({r['form'] for r in rows}), len(rows)" "(['case', 'contact'], 2)"
must amir --json list contact --where method=visit --where child_present=not_known
json "by field" "[r['id'] for r in rows]" "['$contact']"
must amir --json list --where hidden_crime=domestic_abuse
json "by an element of a set" "[r['id'] for r in rows]" "['$case_id']"
must amir --json list contact --since 2026-11-21
json "since a day" "len(rows)" 0
must amir --json list --limit 1
json "at most" "len(rows)" 1
first=$(py "rows[0]['id']")
must amir list --limit 1
has "a page says how to go on" "There are more: the same with --after $first" "$err"
must amir --json list --limit 1 --after "$first"
json "and goes on there" "[r['id'] != '$first' for r in rows]" "[True]"
must amir list --limit 2
hasnt "the last page has no more" "There are more" "$err"
must amir list contact --where method=phone
has "none" "^0 records" "$err"
wont "a mistyped form is not 'none'" 4 'did you mean "contact"' amir list contcat
wont "nor is a mistyped field" 3 "no field metod" amir list contact --where metod=phone
must amir search quiet pain
has "search shows the words" "[Qq]uiet" "$out"
must amir --json search tund
json "the last word may be a beginning; addenda are searched too" "[r['id'] for r in rows]" \
    "['$contact']"
wont "a search for no word" 3 "no word" amir search '"'
for text in 'NEAR(' 'a*' "' OR 1=1 --" '-x' 'AND'; do
    on amir search -- "$text"
    equal "search for $text is no syntax" 0 "$status"
done
must amir --json history "$contact"
json "history, for programs" "[w['did'] for e in d for w in e['writes']][-1], d[0]['author']" \
    "('append', 'amir')"
json "not received yet" "{e['received'] for e in d}" "{None}"
must amir history "$contact"
has "history in words" "amir +\(on this device only\)" "$out"

# ---- odd words come through unchanged and can't drive a terminal ----------------------------
wont "a control character" 3 "to put right" amir add contact method=text account=$'a \e[31mred'
odd=$'Zoë O\'Brien 家族 \u202eevil\u200b'
must amir add contact method=text account="$odd"
must amir show "$out"
hasnt "nothing that turns or hides text reaches the terminal" $'\e|\u202e|\u200b' "$out"
has "the letters do" "Zoë O'Brien 家族" "$out"
must amir --json list contact --where method=text
must amir --json show "$(py "d['id']")"
json "JSON has the very text" "d['fields']['account'] == '''$odd'''" True

# ---- status, verify, conflicts --------------------------------------------------------------
must amir status
has "status in words" "on this device only: [1-9]" "$out"
must amir --json status
json "status, for programs" "d['stage'], d['spaces'][0]['own_at_relay']" "('member', 0)"
must amir verify
has "everything holds" "every chain, seal, signature and row holds" "$out"
must amir --json verify
json "verify, for programs" "d['whole'], len(d['spaces'][0]['state_hash'])" "(True, 64)"
must amir --json conflicts
json "no conflict" "rows" "[]"
must amir --json device list
must amir --json space list

# ---- help -----------------------------------------------------------------------------------
ok "help" "$DAYBOOK" --help
help=$out
commands=$(sed -n '/^First steps:/,/^Options/s/^  \([a-z][a-z ]*[a-z]\)  .*/\1/p' <<<"$help")
[ "$(wc -l <<<"$commands")" -ge 27 ] || fail "help lists the commands" "got: $commands"
while read -r command; do
    # shellcheck disable=SC2086 # two words
    ok "$command --help" "$DAYBOOK" $command --help
    has "$command --help" "^usage: daybook $command" "$out"
    # shellcheck disable=SC2086
    ok "help $command" "$DAYBOOK" help $command
    [ "$(awk '{ if (length > n) n = length } END { print n }' <<<"$out")" -le 100 ] ||
        fail "$command --help fits a terminal" "$out"
done <<<"$commands"
ok "version" "$DAYBOOK" --version
has "version" '^daybook [0-9]+\.[0-9]+\.[0-9]+$' "$out"
has "help has the exit statuses" "^  13  the relay cannot be reached" "$help"
finish
