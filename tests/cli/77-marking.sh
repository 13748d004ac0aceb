#!/usr/bin/env bash
# Goal: whatever shows what stands in records stands under OFFICIAL-SENSITIVE, and what is marked
# SECRET is refused (2.8).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
relay_end TERM

must amir add case ref=26/0417 kind=homicide
case_id=$out
must amir add person name='Joan Marsh' case_id="$case_id" role_in_case:='{"role":"victim"}'
joan=$out
must amir add action text='Ring the coroner' due=2024-03-01 case_id="$case_id"

while read -r -a command; do
    must amir "${command[@]}"
    equal "2.8: ${command[*]}" OFFICIAL-SENSITIVE \
        "$(grep -v '^No safe-contact' <<<"$out" | head -n 1)"
done <<COMMANDS
list
list case
search coroner
today
show $joan
history $joan
audit
liaison show $case_id
liaison families
persons cases $joan
referral suggest $joan
report clocks
report priorities
report outcome
report schedule $case_id --kind mg6c
COMMANDS
must amir report outcome --output "$T/outcome.txt"
equal "and in a file" OFFICIAL-SENSITIVE "$(head -n 1 "$T/outcome.txt")"
must amir report outcome --csv
equal "but not in CSV: a program reads it" '"part"' "$(cut -d, -f1 <<<"$out" | head -n 1)"
must amir export --form case
json "an export carries each record's own" "d['fields']['marking']" official_sensitive
must amir search nothingofthekind
hasnt "nothing found is nothing to mark" "OFFICIAL" "$out"

wont "SECRET is no marking here" 3 "nothing was saved" \
    amir add contact case_id="$case_id" method=phone marking=SECRET
printf 'TOP SECRET\nFrom the source' >"$T/pasted"
wont "nor in what was pasted" 3 "nothing was saved" \
    amir add contact case_id="$case_id" method=phone account="$(cat "$T/pasted")"
has "it is said why" "must not be kept here" "$err"
finish
