#!/usr/bin/env bash
# Goal: what goes outside of the force doesn't say who a victim of FGM is, unless the recipient
# reads that space anyway (2.3); a referral, with consent and sealed, does tell its one recipient.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol chief admin Unit
enrol amir officer Unit
must admin sync
wont "a restricted space takes two" 20 "org agree" \
    admin space create FGM --restricted --member chief=officer
proposal=$(grep -oE '[0-9a-f]{8}$' <<<"$err")
must chief org proposals
must chief org agree "$proposal"
must admin sync
relay_end TERM

must admin add case --space Unit ref=26/0417 kind=fgm summary='Maria Alvarez told her teacher'
case_id=$out
must admin add person --space Unit name='Maria Alvarez' dob=2012-03-02 age_band=age_14_17 \
    sex=female nationality=es needs_detail='Alvarez needs rest' case_id="$case_id" \
    names:='{"kind":"legal","given":"Maria","family":"Alvarez"}'
girl=$out
must admin add contact --space Unit case_id="$case_id" method=visit \
    account='Alvarez was calm' present='Maria Alvarez (family)' child_present=yes
must admin add flight --space Unit op_ref=LIME-26 number=XY123
must admin add person --space Unit name='Joan Marsh'
must admin add intervention --space FGM happened_at="2026-11-20 13:50" team=Alvarez \
    selection_basis=whole_flight group:='{"adults":2,"girls_5_8":1}' persons="$girl"

must admin export --to 'University of Leeds' --space Unit --output "$T/out.jsonl"
out=$(cat "$T/out.jsonl")
hasnt "2.3: nothing of who she is goes outside" \
    "Alvarez|Maria|2012|$girl|$case_id|nationality" "$out"
has "who exports is told" "^3 of them touch a victim of FGM" "$err"
json "what can be told of her is: codes" \
    "[r['fields'] for r in rows if r['form'] == 'person' and 'anonymous' in r][0] == {
      'age_band': 'age_14_17', 'sex': 'female', 's38': 'fact', 'marking': 'official_sensitive',
      'cpia': 'to_review'}" True
json "without whatever it could be found by" \
    "sorted([r for r in rows if r['form'] == 'person' and 'anonymous' in r][0])" \
    "['anonymous', 'fields', 'form', 'state', 'version']"
json "others are told as they are" \
    "[r['fields']['name'] for r in rows if r['form'] == 'person' and 'id' in r]" "['Joan Marsh']"
wont "outside is to somebody" 2 "needs --to" admin export --outside

must admin export --to 'University of Leeds' --space FGM --reason 'Study'
hasnt "nor of what lies in the compartment" "Alvarez|$girl" "$out"
json "of which only codes and numbers are told" \
    "(d['anonymous'], d['fields']['group'])" "(True, {'adults': 2, 'girls_5_8': 1})"
must admin export --to chief --space FGM --reason 'Her own copy' --outside
has "to a device that holds the key it goes whole" "$girl" "$out"
must admin export --to amir --space FGM --reason 'By mistake' --outside
hasnt "to another of the force, said to be outside, it doesn't" "$girl" "$out"
must admin export --to amir --space FGM --reason 'By mistake'
hasnt "nor does the compartment's, of which that device holds no key" "$girl" "$out"
must admin export --to amir --space Unit
has "what that device reads is not kept back from it" "Alvarez" "$out"
must admin export --space Unit
has "within the force nothing is kept back" "Alvarez" "$out"
finish
