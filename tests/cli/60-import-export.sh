#!/usr/bin/env bash
# Goal: an import is tried first, reports each line, balances, and adds nothing twice; what is
# exported can be imported elsewhere with equal fields (lessons 1.37-1.39).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
must admin space create Other
must admin space grant Other amir
must amir sync

cat >"$T/notes.jsonl" <<'JSONL'
{"form":"case","ref":"c","fields":{"ref":"26/1","kind":"fatal_rtc","status":"proposed"}}
{"form":"person","ref":"p","fields":{"case_id":"@c"}}
{"form":"contact","fields":{"case_id":"@c","method":"visit","account":"First visit: ünïcödé, 家"}}
{"form":"contact","fields":{"case_id":"@late","method":"phone","account":"Refers to a later line"}}
{"form":"case","ref":"late","fields":{"ref":"26/2","kind":"homicide"}}
JSONL
cp "$T/notes.jsonl" "$T/mixed.jsonl"
cat >>"$T/mixed.jsonl" <<'JSONL'
{"form":"contact","fields":{"method":"telepathy","started_at":"yesterday"}}
not json at all
{"form":"contcat","fields":{}}
{"form":"contact","fields":{"case_id":"@nobody"}}
{"form":"contact"}
JSONL

# A trial writes nothing.
must amir import "$T/notes.jsonl" --space Unit
has "it says what it would do" "5 lines: 5 would be imported, 0 held already, 0 refused" "$out"
has "and that it did not" "Nothing was written" "$out"
must amir --json list
json "nothing is there" "len(rows)" 0

# For real, once.
must amir import "$T/notes.jsonl" --space Unit --apply
has "done" "5 lines: 5 imported, 0 held already, 0 refused" "$out"
must amir import "$T/notes.jsonl" --space Unit --apply
has "again: nothing is doubled" "5 lines: 0 imported, 5 held already, 0 refused" "$out"
must amir --json list
json "five records" "len(rows)" 5
must amir --json list contact --where method=visit
first=$(py "d['id']")
must amir --json list case --where ref=26/1
json "references point at the right record" "d['id']" \
    "$(must amir --json show "$first" && py "d['fields']['case_id']")"

# Bad lines are refused one by one, the others taken, and the totals balance.
wont "bad lines" 3 "5 of 10 lines refused" amir import "$T/mixed.jsonl" --space Unit
has "which line" "^line 6: " "$err"
has "all its problems" "telepathy" "$err"
has "all its problems" "yesterday" "$err"
has "a mistyped form" 'line 8: .*did you mean "contact"' "$err"
has "a reference to nothing" 'line 9: .*nobody' "$err"
on amir --json import "$T/mixed.jsonl" --space Unit --apply
equal "exit status" 3 "$status"
json "totals balance" "d['taken'] + d['already'] + d['refused'] == d['lines'] == 10" True
json "each line has its verdict" "[r['line'] for r in d['refusals']]" "[6, 7, 8, 9, 10]"
json "the last line is the error" "rows[-1]['error']['code']" DBK_INVALID
must amir --json list
json "still five records" "len(rows)" 5
wont "no such file" 4 . amir import "$T/none.jsonl" --space Unit
wont "which space?" 2 . amir import "$T/notes.jsonl"
: >"$T/empty.jsonl"
must amir import "$T/empty.jsonl" --space Unit
has "an empty file" "0 lines" "$out"

# From standard input, and the same lines in another space are other records.
run bash -c '"$0" --store "$1" --passphrase-file "$2" import - --space Other --apply <"$3"' \
    "$DAYBOOK" "$T/amir" "$T/amir.pass" "$T/notes.jsonl"
has "from standard input" "5 imported" "$out"
must amir --json list --space Other
json "in the other space" "len(rows)" 5

# Export, whole or in part, is in clear and says so.
must amir export --space Unit --output "$T/out.jsonl"
has "it warns" "5 records exported, in clear" "$err"
equal "the file is its owner's only" 600 "$(stat -c %a "$T/out.jsonl")"
equal "one line each" 5 "$(wc -l <"$T/out.jsonl")"
wont "an export overwrites nothing" 5 . amir export --output "$T/out.jsonl"
must amir export --form contact --space Unit
json "one form" "{r['form'] for r in rows}, len(rows)" "({'contact'}, 2)"

# Into a fresh organisation: equal fields. An id is of one space (decision 0033), so each line gets
# the one that follows from its own, and what refers to it goes along.
fields_of() {
    "$python" -c 'import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
names = {}
for r in rows:
    names[r["id"]] = "%s %s" % (r["form"], r["fields"].get("ref", r["fields"].get("account")))
kept = [[names[r["id"]], r["form"], r["version"], r["fields"]] for r in rows]
text = json.dumps(sorted(kept, key=str), sort_keys=True)
for id, name in names.items():
    text = text.replace(id, name)
print(text)' "$1"
}
has "a case is referred to" '"case_id": *"' "$(cat "$T/out.jsonl")"
relay_end TERM
mv "$T/relay" "$T/relay.first"
mv "$T/admin" "$T/admin.first"
relay_url=
organisation Fresh
must admin import "$T/out.jsonl" --apply
has "all taken" "5 lines: 5 imported" "$out"
must admin export --output "$T/again.jsonl"
equal "equal fields" "$(fields_of "$T/out.jsonl")" "$(fields_of "$T/again.jsonl")"
must admin import "$T/again.jsonl" --apply
has "its own export adds nothing" "0 imported, 5 held already" "$out"
must admin import "$T/out.jsonl" --apply
has "nor does the first one" "0 imported, 5 held already" "$out"
must admin --json search "First visit"
first=$(py "d['id']")

# A record that is here and has moved on is left alone, and the difference is named.
must admin edit "$first" account="Changed since"
must admin --json import "$T/out.jsonl" --apply
json "one differs" "d['already'], d['differing']" "(5, 1)"
must admin show "$first"
has "it was left as it is" "Changed since" "$out"
finish
