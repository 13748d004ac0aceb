#!/usr/bin/env bash
# Goal: an officer's referral reaches a service outside, sealed to its key; the service's answers
# come back; what changes afterwards is corrected (B21, B42; domain.md 3.5).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${DAYBOOK_OPEN:?the daybook-open program}"

# The service's program: opens ARGUMENT...
service() {
    run "$DAYBOOK_OPEN" --keys "$T/$1" --passphrase-file "$T/$1.pass" "${@:2}"
}
serves() {
    service "$@"
    [ "$status" = 0 ] || fail "daybook-open $* exits with $status" "$err" "$out"
}
declines() {
    refused "$1" "$2" "$3" "$DAYBOOK_OPEN" --keys "$T/$4" --passphrase-file "$T/$4.pass" "${@:5}"
}

organisation Unit
enrol amir officer Unit
must admin sync

# The service makes a key; headquarters writes it into the directory.
passphrase_for brake
serves brake --light-kdf keygen
key=$(head -n 1 <<<"$out")
declines "a key isn't made over another" 5 "a key in this folder" brake --light-kdf keygen
must admin referral card "$T/card"
root=$(grep -o '[0-9a-f]\{64\}' <<<"$out")
declines "a wrong root key" 9 . brake trust "$T/card" --root "${root//[0-9]/0}"
serves brake trust "$T/card" --root "$root"
must admin add service name=Brake la_areas=walsall status=active assured_date=2026-11-01
brake=$out
must admin sync
must amir sync

must amir add case ref=20/1234 kind=fatal_rtc status=proposed la_area=walsall \
    no_exit_plan_reason="Not deployed yet" summary="A lorry and a bicycle." \
    happened_at=2026-11-20T10:00:00Z
case_id=$out
must amir add person case_id="$case_id" name="Joan Marsh" dob=1980-02-03 \
    safe_rule=never_at safe_rule_detail="the bakery" \
    phones:='[{"value": "07700 900123", "safe": "yes"}, {"value": "07700 900999", "safe": "no"}]'
joan=$out
must amir add referral person="$joan" case_id="$case_id" la_area=walsall type=brake \
    happened_at=2026-11-29T09:00:00Z decision=referred consent=given service="$brake" \
    consent_scope=identity,contact,circumstances reason="Ring 07700-900 999 at night."
id=$out
must amir --json referral due
json "it is to be sent" "[(r['kind'], r['changed']) for r in d]" "[('send', [])]"

# What stops it: no key of headquarters', an officer's key, a number that isn't safe in words.
wont "no key" 3 "nothing was sent" amir referral send "$id" "$T/one"
has "and says so" "headquarters has written a recipient's key" "$err"
has "nor a number that isn't safe, in words" "words hold a number" "$err"
must amir edit "$brake" recipient_key="$key"
wont "an officer's key is only proposed" 3 "nothing was sent" amir referral send "$id" "$T/one"
must admin edit "$brake" recipient_key="$key"
must admin sync
must amir sync
must amir edit "$id" reason="She asked for somebody to talk to."
wont "nor before the rule was read" 6 "read the safe-contact rule" amir referral send "$id" "$T/one"
[ ! -e "$T/one" ] || fail "nothing was written"
must amir referral send "$id" "$T/one" --safe-contact-read
has "for whom" "Sealed for recipient [0-9a-f]{32}" "$out"
! grep -aqE 'Joan|bakery|900123' "$T/one" || fail "the package is in clear"
wont "it was sent" 5 "was sent already" amir referral send "$id" "$T/two" --safe-contact-read
wont "and nothing has changed" 5 "nothing that was told has changed" \
    amir referral send "$id" "$T/two" --safe-contact-read --correction
must amir --json show "$id"
json "the record says so" "d['fields']['state']" sent
must amir --json audit
has "and the log who got it" '"op":"disclosure"' "$out"

# The service reads it: safe contact first, the safe number, and no other.
serves brake open "$T/one"
has "safe contact stands first" "^SAFE CONTACT" "$(head -n 1 <<<"$out")"
has "the rule" "Never at the bakery" "$out"
has "a number that is safe" "07700 ?900123" "$out"
hasnt "no other number" "900999" "$out"
has "why" "somebody to talk to" "$out"
passphrase_for other
serves other --light-kdf keygen
serves other trust "$T/card" --root "$root"
declines "nobody else can" 6 "another key" other open "$T/one"
cp "$T/one" "$T/bent"
flip "$T/bent" 100
declines "nor when it was changed" 9 "changed on its way" brake open "$T/bent"

# Answers.
declines "an answer that there isn't" 2 "an answer is received" brake receipt "$T/one" lost
declines "a refusal says why" 2 "needs --why" brake receipt "$T/one" rejected
serves brake receipt "$T/one" received
echo "$out" >"$T/received"
serves brake receipt "$T/one" accepted
echo "  $out " >"$T/accepted"
must amir --json referral due
json "it waits for an answer" "[r['kind'] for r in d]" "['answer']"
must amir referral receipt "$T/accepted"
has "accepted" ": accepted" "$out"
must amir --json referral receipt "$T/received"
json "an older answer moves nothing back" "(d['answer'], d['moved'])" "('received', False)"
must amir --json referral receipt "$T/received"
json "and counts once" "d['known']" True
must amir --json show "$id"
json "the state" "d['fields']['state']" accepted
tr 'A-Y' 'B-Z' <"$T/received" >"$T/forged"
wont "a forged one" 8 "no answer|letter" amir referral receipt "$T/forged"

# What was told changes: the recipient is told, and nobody has to remember it.
must amir referral due
has "nothing is due" "waits for anything" "$out"
must amir edit "$joan" safe_rule_detail="the bakery or the school" safe_rule=never_at
must amir --json referral due --corrections
json "due" "[(r['kind'], r['changed']) for r in d]" "[('correct', ['safe_contact'])]"
must amir sync
must admin sync
must amir referral due --corrections --raise
must amir referral due --corrections --raise
must admin referral due --corrections --raise # before it has heard of that one
must amir sync
must admin sync
must admin --json conflicts
json "two who raise it at once write one record, and no value is in dispute" \
    "[r['groups'] for r in rows if r['form'] == 'action']" "[[]]"
must amir --json list action --where kind=correction
json "each recipient's correction is one action (2.6)" "len(rows)" 1
action=$(ids amir --where kind=correction)
must amir --json show "$action"
json "about that referral" "d['fields']['raised_from'], d['fields']['state']" "('$id', 'open')"
must amir --json referral send "$id" "$T/two" --correction --safe-contact-read
json "a correction" "(d['number'], d['changed'])" "(1, 'safe_contact\n')"
serves brake open "$T/two"
has "is told as one" "^CORRECTION of referral" "$out"
has "what is right now" "the bakery or the school" "$out"
must amir --json referral due --corrections
json "done" "d" "[]"

# She takes her consent back: the service is told that, and nothing else.
must amir edit "$id" consent=refused --reason "She rang me today"
must amir --json referral due --corrections
json "due again" "'referral.consent' in d[0]['changed']" True
must amir --json referral send "$id" "$T/three" --correction
json "withdrawn" "d['withdrawn']" True
serves brake open "$T/three"
has "says so" "Refused" "$out"
hasnt "and nothing of her" "Joan|900123|talk to" "$out"

# A device that is revoked sends no more; the card doesn't forget it.
must admin --json device list
lost=$(py "[r['device'] for r in d if 'amir' in r['name'].lower()][0]")
must admin device revoke "$lost" --reason lost
must admin referral card "$T/newer"
serves brake trust "$T/newer" --root "$root"
declines "it was revoked" 9 "ask headquarters" brake open "$T/one"
declines "an older card" 5 "older" brake trust "$T/card" --root "$root"

finish
