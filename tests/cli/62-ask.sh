#!/usr/bin/env bash
# Goal: an intervention is written by answering at most 12 prompts, each saved at once, with no
# network; nobody is asked for names without a reason (LL-2, LL-3); what is missing is said at once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Limelight
enrol amir officer Limelight
relay_end TERM
must amir add flight op_ref=LIME-26 airport=BHX carrier=Carrier number=XY123 direction=outbound \
    origin=Birmingham destination=Lagos scheduled_at="2026-11-20 14:30" pax=180
flight=$out

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

# ---- the sample script ----------------------------------------------------------------------
sample="$flight
Team 5
1
2
2 0 1 0 0 1
Wedding of a cousin; 2026-12-20
i2 i7
y
y
n
1
1,2
"
fields=$(wc -l <<<"${sample%$'\n'}")
[ "$fields" -le 12 ] || fail "an intervention is at most 12 keystroke-fields" "got: $fields"
answer "$sample" --json add intervention --ask
equal "the sample is taken" 0 "$status"
json "twelve questions, and nothing is missing" "d['asked'], d['warnings']" "(12, [])"
id=$(py "d['id']")
must amir --json show "$id"
json "what the flight sheet says is not asked again" \
    "[d['fields'][k] for k in ('op_ref', 'airport', 'direction')]" "['LIME-26', 'BHX', 'outbound']"
json "LL-2: why this family" "d['fields']['selection_basis']" all_with_girls_under_18
json "numbers in their order" "d['fields']['group']['adults'], d['fields']['group']['girls_5_8']" \
    "(2, 1)"
json "parts in their order" "d['fields']['travel']" \
    "{'purpose': 'Wedding of a cousin', 'return_on': '2026-12-20'}"
json "indicators are named, and never added up" "d['fields']['indicators']" \
    "{'i2': True, 'i7': True}"
json "several codes by their numbers" "sorted(d['fields']['outcome'])" \
    "['advice_only', 'leaflet']"
json "LL-3: for advice nobody is named" "'persons' in d['fields']" False
must amir sign "$id"

# ---- words on the way -----------------------------------------------------------------------
answer "$sample" add intervention --ask
hasnt "LL-3: and nobody is asked for persons" "^Persons" "$err"
has "the form's words" "^Why this family" "$err"
has "its answers by number" " 2  All families with girls under 18" "$err"
answer "nonsense
3
4
" --json add intervention "flight=$flight" team=T5 agency=police selection_basis=whole_flight \
    group:='{"adults":1}' travel=not_known indicators=not_known shown_law=yes leaflet=yes \
    health_passport=no --ask
json "an answer that is wrong in itself is asked for again" "d['asked']" 2
must amir --json show "$(py "d['id']")"
json "and the right one is taken" "d['fields']['response'], d['fields']['outcome']" \
    "('unaware', ['declined'])"
answer "7

" add intervention "flight=$flight" team=T5 agency=police selection_basis=whole_flight \
    group:='{"adults":1}' travel=not_known indicators=not_known shown_law=yes leaflet=yes \
    health_passport=no response=engaged --ask
has "once the outcome goes past advice, persons have their place" "^Persons" "$err"

# ---- a draft is always savable, and says all that is missing --------------------------------
answer "" add intervention --ask
equal "a draft may lack anything" 0 "$status"
has "LL-2: the selection basis is needed" "^- Why this family: this is needed" "$err"
has "all is said at once" "^- Flight: this is needed" "$err"
draft=$out
wont "LL-2: without it, it can't be signed" 3 "to put right" amir sign "$draft"
answer "$flight
" --json edit "$draft" --ask
json "and it can be gone on with" "d['id'], d['asked']" "('$draft', 1)"

# ---- kill -9 --------------------------------------------------------------------------------
mkfifo "$T/keys"
"$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" add intervention --ask \
    <"$T/keys" >/dev/null 2>"$T/ask.err" &
asking=$!
others+=("$asking")
exec 9>"$T/keys"
printf '%s\nTeam 7\n1\n2\nhalf a line that was never end' "$flight" >&9
for _ in $(seq 1000); do
    grep -q '^Who was there' "$T/ask.err" && break
    sleep 0.02
done
kill -KILL "$asking"
wait "$asking" 2>/dev/null || true
exec 9>&-
killed=$(grep -o 'daybook edit [0-9a-f-]* --ask' "$T/ask.err" | cut -d ' ' -f 3)
must amir --json show "$killed"
json "after kill -9 every answer that was given is there" \
    "[d['fields'].get(k) for k in ('team', 'agency', 'selection_basis', 'airport', 'group')]" \
    "['Team 7', 'police', 'all_with_girls_under_18', 'BHX', None]"
finish
