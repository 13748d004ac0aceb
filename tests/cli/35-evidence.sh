#!/usr/bin/env bash
# Goal: whoever shows two histories is caught; what shows it is kept, told until a person settles
# it, and can be checked by anybody who has the organisation's root key. An author whose store lives
# twice (A15, R8), and a relay that keeps two logs (M39, R21). flow/evidence has administrators.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Op Cedar"
enrol anne officer "Op Cedar"
enrol ben officer "Op Cedar"
enrol sue supervisor "Op Cedar"
everybody() { for device in anne sue; do must "$device" sync; done; }
must ben add person name="In one history"
must ben sync
everybody
must anne evidence list
has "nothing so far" "Nothing was found" "$out"

# Ben's store is copied, with its mark, and both copies are written in. The second one's notes come
# by hand, so that the relay tells it nothing.
cp -a "$T/ben" "$T/twin"
cp "$T/ben.pass" "$T/twin.pass"
cp -a "$HOME" "$T/twin.home"
twin() { HOME=$T/twin.home must twin "$@"; }
mkdir "$T/stick"
must ben add person name="By Ben"
must ben sync
everybody
twin add person name="By the copy"
twin add person name="By the copy too"
twin sync --folder "$T/stick"
for device in anne sue; do
    wont "$device is told" 21 "two histories: tell headquarters .daybook evidence list" \
        "$device" sync --folder "$T/stick"
done
must anne --json evidence list
json "a proof against the author" \
    "[(r['kind'], r['proof'], r['at'], r['settled']) for r in rows]" \
    "[('author', True, 2, None)]"
must anne evidence list
has "in plain words" "^1  proof, found" "$out"
has "who" "ben signed two different histories in Op Cedar, from its change 2" "$out"
has "and whom to tell" "Tell headquarters" "$out"
must anne status
has "status begins with it" "ALARM: 1 finding of two histories" "$(head -n 1 <<<"$out")"

# Nothing more of his comes in, from either, until a supervisor has chosen.
must ben add person name="Later"
must ben sync
everybody
must anne list person
has "what came before stays" "By Ben" "$out"
hasnt "what continues one of the two waits" "Later|By the copy" "$out"
must sue --json quarantine list
json "it stands aside" "sorted(r['summary'] for r in rows)" \
    "['By the copy', 'Later']" # the copy's two left in one parcel, which bears the first one's name
later=$(py "next(r['id'] for r in rows if r['summary'] == 'Later')")
must sue evidence settle 1 --reason "I rang him"
must sue status
hasnt "looked into" "ALARM" "$out"
must sue quarantine list
has "that lets nothing in" "person: Later" "$out"
wont "an officer doesn't choose" 6 "supervisor" anne quarantine admit "$later" --reason "I know him"
must sue quarantine admit "$later" --reason "Ben's laptop was copied; this one is his"
must sue sync
everybody
must anne list person
has "the chosen one comes in" "Later" "$out"
hasnt "the other does not" "By the copy" "$out"
must anne status
has "an alarm is each device's own to settle" "ALARM" "$out"

# The file: the same everywhere, and no store is needed to check it.
must anne --json evidence export 1 "$T/author.proof"
root=$(py "d['root']")
must sue evidence export 1 "$T/same.proof"
cmp "$T/author.proof" "$T/same.proof" || fail "every device has the same proof, settled or not"
ok "anybody checks it" "$DAYBOOK" --json evidence check "$T/author.proof" --root "$root"
json "with the same outcome" "(d['kind'], d['proof'], d['at'])" "('author', True, 2)"
hasnt "it holds no note and no name" "In one history|By Ben|Cedar" "$(strings "$T/author.proof")"
refused "not from another organisation's root" 9 "another organisation" \
    "$DAYBOOK" evidence check "$T/author.proof" --root "$(tr 0-9a-f 1-9a-f0 <<<"$root")"
"$python" - "$T" <<'PY'
import sys
data = bytearray(open(sys.argv[1] + "/author.proof", "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1] + "/changed.proof", "wb").write(data)
PY
run "$DAYBOOK" evidence check "$T/changed.proof" --root "$root"
[ "$status" != 0 ] || fail "nobody makes one by changing one"
wont "there is no second one" 4 "no such evidence" anne evidence export 2 "$T/none.proof"
must anne evidence settle 1 --reason "Headquarters rang him"

# The relay's operator keeps two stores: Anne and Sue are shown different logs from here on.
turn() {
    relay_end TERM
    mv "$T/relay" "$T/aside"
    mv "$T/other" "$T/relay"
    mv "$T/aside" "$T/other"
    relay_start
}
for device in sue anne admin; do must "$device" sync; done
relay_end TERM
cp -a "$T/relay" "$T/other"
relay_start
must anne add person name="In Anne's view"
must anne sync
must admin sync
turn
must sue add person name="In Sue's view"
must sue sync
must sue add person name="Sue after it" # which says what Sue had been shown
must anne status
hasnt "each view is a good one by itself" "ALARM" "$out"

# The views meet by hand: her word against the relay's, and what the relay had signed for her.
mkdir "$T/stick2"
must sue sync --folder "$T/stick2"
wont "views that meet are told" 21 "two histories" anne sync --folder "$T/stick2"
must anne --json evidence list
json "one word against another, and the relay's two signatures (A17)" \
    "sorted((r['kind'], r['proof']) for r in rows if not r['settled'])" \
    "[('relay', True), ('word', False)]"
must anne list person
has "the notes are taken all the same" "In Sue's view" "$out"

# The relay shows its other log itself: that is a proof, with headquarters as with an officer.
for device in anne admin; do
    wont "$device exchanges nothing" 21 "another history.*evidence list" "$device" sync
    wont "nor when it is tried again" 21 "another history.*evidence list" "$device" sync
    must "$device" --json evidence list
    json "a proof against the relay" \
        "[r['kind'] for r in rows if r['proof'] and not r['settled']]" "['relay']"
    proof=$(py "[r['id'] for r in rows if r['kind'] == 'relay'][0]")
    must "$device" evidence export "$proof" "$T/$device.proof"
    ok "anybody checks it" "$DAYBOOK" evidence check "$T/$device.proof" --root "$root"
    has "in plain words" "relay .*signed two different logs" "$(tr '\n' ' ' <<<"$out")"
done
must admin --json status
json "for programs" "(d['evidence'], d['frozen'])" "(1, False)"
must admin add person name="Written while it lies"

# A person settles it; the relay goes on with one log. What only the other one had comes by hand.
wont "a reason is needed" 2 "reason" admin evidence settle "$proof"
must admin evidence settle "$proof" --reason "The operator ran two copies of it; one is gone"
turn
must admin sync
must admin --json evidence list
json "what was settled stays" "[bool(r['settled']) for r in rows]" "[True]"
wont "that there were two views is told once more" 21 "two histories" \
    admin sync --folder "$T/stick2"
must anne sync
must admin sync
must admin list person
for name in "Anne's view" "Sue's view" "Sue after" "while it lies"; do
    has "every note is there: $name" "$name" "$out"
done
must admin verify
finish
