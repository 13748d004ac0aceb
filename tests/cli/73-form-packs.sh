#!/usr/bin/env bash
# Goal: a force signs forms of its own as a pack; who takes it records with them, and what came
# before is read with them; a pack that protects less, or that the wrong device signed, is refused.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol chief admin Unit

form() { # NAME VERSION FIELDS: a form's text
    printf '{"form": "%s", "version": %s, "title": "Visitor to the station",
 "summary": ["name"], "fields": [%s]}\n' "$1" "$2" "$3"
}
name='{"name": "name", "label": "Name", "kind": "text", "need": "warn"}'
why='{"name": "why", "label": "Why they came", "kind": "text"}'
form visitor 1000 "$name" >"$T/visitor.json"
form visitor 1001 "$name, $why" >"$T/visitor-2.json"

# ---- making ---------------------------------------------------------------------------------
wont "an officer signs no pack" 6 "administrator or of headquarters" \
    amir form pack "$T/visitor.json" --name starter --out "$T/no.pack"
wont "a pack has a name" 2 "what the pack is called" \
    admin form pack "$T/visitor.json" --out "$T/no.pack"
form visitor 1 "$name" >"$T/early.json"
wont "versions of a force's own begin with 1000" 3 "begin with 1000" \
    admin form pack "$T/early.json" --name starter --out "$T/no.pack"
form person 1000 "$name" >"$T/weak.json"
wont "a shipped form isn't weakened" 6 "person version 1000 would protect less than version 1: " \
    admin form pack "$T/weak.json" --name starter --out "$T/no.pack"
printf '{"form": "x"' >"$T/broken.json"
wont "every fault is told" 3 "2 of 3 files can't go into a pack" \
    admin form pack "$T/broken.json" "$T/visitor.json" "$T/nowhere.json" \
    --name starter --out "$T/no.pack"
has "with its file" "^- .*/broken.json: " "$err"
has "each of them" "^- .*/nowhere.json: " "$err"
[ ! -e "$T/no.pack" ] || fail "nothing was made"
must admin form pack "$T/visitor.json" --name starter --out "$T/starter.pack"
has "it says what to do with it" "daybook form install .*starter.pack" "$out"
wont "a file that is there is kept" 5 "starter.pack" \
    admin form pack "$T/visitor.json" --name starter --out "$T/starter.pack"
must admin form install "$T/starter.pack"

# ---- before it is here ----------------------------------------------------------------------
must admin add visitor name="Joan Marsh"
visit=$out
must admin sync
must amir sync
must amir show "$visit"
hasnt "its answers can't be read without the form" "Name +Joan" "$out"
wont "nor can it be changed" 18 "doesn't know the record's form" amir edit "$visit" name=Jane

# ---- installing -----------------------------------------------------------------------------
must amir --json forms
json "without a pack all forms are the program's" "{f['pack'] for f in d}" "{None}"
size=$(stat -c %s "$T/starter.pack")
cp "$T/starter.pack" "$T/changed.pack"
flip "$T/changed.pack" $((size - 10))
wont "a changed byte is found" 9 "changed after it was signed" amir form install "$T/changed.pack"
head -c 100 "$T/starter.pack" >"$T/cut.pack"
wont "so is one cut off" 8 "malformed, or cut off" amir form install "$T/cut.pack"
wont "and what is no pack" 8 "no pack of forms" amir form install "$T/visitor.json"
must amir form install "$T/starter.pack"
has "what it brought" "^Installed: 1 form that was not here before" "$out"
has "and what can be read by it" "^1 record that came earlier can be read by it" "$out"
must amir form install "$T/starter.pack"
has "again is no harm" "installed already" "$out"

must amir show "$visit"
has "the earlier record is read" "Name +Joan Marsh" "$out"
must amir edit "$visit" name="Joan Marsh-Hill"
must amir list visitor
has "and listed by its summary" "Joan Marsh-Hill" "$out"
must amir search marsh
has "and found by its words" "Joan Marsh-Hill" "$out"
must amir forms
has "forms say from where" "^visitor +1000 +Visitor to the station +pack starter, signed by Admin" \
    "$out"
has "also the shipped ones" "^contact +1 +Family contact +the program" "$out"
must amir --json forms
json "for programs too" "[(f['pack']['name'], f['pack']['revoked']) for f in d if f['pack']]" \
    "[('starter', False)]"
must amir form show visitor
has "a form says it" "^From the pack starter, signed by Administrator" "$out"
has "and is shown" "^  name +text +wanted +Name" "$out"
ok "the shipped forms need no store" "$DAYBOOK" --store "$T/amir" forms --shipped
hasnt "and no pack is among them" "visitor" "$out"

# ---- a further version, an import, verify ---------------------------------------------------
form visitor 1000 "$name, $why" >"$T/other.json"
wont "one version has one text" 5 "another form is visitor version 1000 already" \
    admin form pack "$T/other.json" --name starter --out "$T/other.pack"
must admin form pack "$T/visitor-2.json" --name starter --out "$T/second.pack"
must amir form install "$T/second.pack"
must amir add visitor name=Ann why="To report a theft"
second=$out
must amir show "$second"
has "the newest version is used" "Why they came +To report a theft" "$out"
wont "what was begun stays with its version" 3 "" amir edit "$visit" why=bail
must amir export --form visitor
has "an export holds them" "Joan Marsh-Hill" "$out"
printf '{"form":"visitor","fields":{"name":"Bo","why":"Bail"}}\n' >"$T/in.jsonl"
must amir import "$T/in.jsonl" --apply
must amir --json list visitor
json "and has added it" "sum('Bo' in r['summary'] for r in rows)" "1"
must amir verify

# ---- the questions of a tool ----------------------------------------------------------------
printf '{"tool": "dash", "version": "safelives_ric",
 "questions": {"q1": "Ours, in our words?"}}\n' >"$T/dash.json"
must amir form show risk_assessment
has "without a pack a tool is its keys" "questions q1 to q24; their text comes in your force" "$out"
must admin form pack "$T/dash.json" --name words --out "$T/words.pack"
must amir form install "$T/words.pack"
has "it says what came" "the questions of 1 assessment tool" "$out"
must amir form show risk_assessment
has "and shows them" "^ +Ours, in our words" "$out"
must amir --json form show risk_assessment
json "for programs" "d['tools']['packs'][0]['questions']['q1']" "Ours, in our words?"
yes=$("$python" -c 'import json
print(json.dumps([{"key": "q%d" % k, "answer": "yes" if k < 15 else "no"} for k in range(1, 22)]))')
must amir add person name="Joan Marsh"
person=$out
wont "judgement doesn't go below the answers" 3 "nothing was saved" amir add risk_assessment \
    subject="$person" kind=dash tool_version=safelives_ric answers:="$yes" judgement_band=standard
has "and it says why" "^- Risk: 14 of 24 answers are Yes, which is high by SafeLives RIC" "$err"
must amir add risk_assessment subject="$person" kind=dash tool_version=safelives_ric \
    answers:="$yes" judgement_band=high
assessment=$out
has "high is referred to MARAC" "referred to MARAC" "$err"
must amir show "$assessment"
has "what was asked is in the force's words" "Ours, in our words" "$out"
has "the score counts Yes, and what is open" \
    "SafeLives RIC +14 Yes and 7 No of 24; 3 of 24 not answered" "$out"
has "and the band" "By its answers +high" "$out"
must amir --json show "$assessment"
json "for programs too" "[d['score'][k] for k in ('yes', 'no', 'open', 'band')]" \
    "[14, 7, 3, 'high']"

# answer LINES ARGUMENT...: a command of amir's with these lines typed
answer() {
    local lines=$1
    shift
    status=0
    printf '%s' "$lines" | "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" "$@" \
        >"$T/out" 2>"$T/err" || status=$?
    out=$(cat "$T/out")
    err=$(cat "$T/err")
}
printf '{"tool": "dash", "version": "ours_2",
 "questions": {"q1": "Is she afraid, in our words?", "q2": "Ours too?", "q3": "And this?"}}\n' \
    >"$T/three.json"
must admin form pack "$T/three.json" --name three --out "$T/three.pack"
must amir form install "$T/three.pack"
assess=(add risk_assessment "subject=$person" kind=dash tool_version=ours_2 s38=personal_assessment
    happened_at="2026-11-20 10:00" --ask)
# Nobody is told as assessor; then the three questions, one by one; then the judgement.
answer "
maybe
y

r
high
" --json "${assess[@]}"
equal "it is asked and saved" 0 "$status"
has "a question stands in the force's words" "^q1  Is she afraid, in our words" "$err"
has "what is no answer is asked again" "^- y, n or r; or nothing" "$err"
assessment=$(py "d['id']")
must amir --json show "$assessment"
json "answers under their keys; nothing typed is open" \
    "[(a['key'], a['answer']) for a in d['fields']['answers']]" "[('q1', 'yes'), ('q3', 'refused')]"
json "the judgement comes behind them" "d['fields']['judgement_band']" high
answer "

n
" edit "$assessment" --ask
has "what is open is asked again" "^q2  Ours too" "$err"
hasnt "and nothing else of the tool" "^q[13] " "$err"
answer "
" "${assess[@]/ours_2/theirs}"
hasnt "of a version that no pack has nothing is asked" "^q[0-9]" "$err"

# ---- revoked --------------------------------------------------------------------------------
must chief sync
form leaver 1000 "$name" >"$T/leaver.json"
must chief form pack "$T/leaver.json" --name leaver --out "$T/leaver.pack"
must admin sync
on admin device revoke chief --reason stolen
[ "$status" = 0 ] || [ "$status" = 20 ] || fail "chief is revoked" "$err"
if [ "$status" = 20 ]; then
    proposal=$(grep -oE '[0-9a-f]{8}$' <<<"$err")
    must chief org agree "$proposal"
    must admin sync
fi
must amir sync
wont "a pack of a revoked administrator is refused" 6 "has been revoked" \
    amir form install "$T/leaver.pack"
must amir forms
hasnt "and nothing of it is here" "leaver" "$out"
finish
