#!/usr/bin/env bash
# Goal: two administrators let relays forget what everybody has, and only that (decision 0041).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol chief admin Unit
enrol amir officer Unit
must amir add person name="Ruth Quagmirevale"
for n in 1 2 3 4; do must amir add person name="Edwina $n"; done
must amir sync

# ---- who holds it back ----------------------------------------------------------------------
wont "an officer proposes none" 6 "two administrators" amir org floor Unit
must admin sync
wont "not before everybody has it" 16 "nothing more may be let go of" admin org floor Unit
has "who holds it back" "chief has said nothing" "$out"
has "a snapshot is missing" "No confirmed snapshot" "$out"
must admin snapshot make
must chief sync
must admin sync
must admin --json org proposals
json "nothing is proposed" "d" "[]"

# ---- decided --------------------------------------------------------------------------------
wont "one administrator alone only asks" 20 "second administrator must agree" \
    admin org floor Unit
has "what it means" "the notes below [0-9]+" "$out"
must chief org proposals
has "in plain words" "let relays forget the notes below [0-9]+ of the log of Unit" "$out"
must chief org agree "$(grep -oE '^[0-9a-f]{8}' <<<"$out")"
has "signed" "Signed and done: let relays forget" "$out"
must admin sync
must admin org log
has "it is in the log of the organisation" "let relays forget the notes below [0-9]+" "$out"
wont "it never falls, and what is there is there" 16 "nothing more" admin --json org floor Unit
json "the floor stands where the snapshot is" "d['floor'] == d['snapshot'] > 0" True

# ---- let go of ------------------------------------------------------------------------------
invite bella officer Unit
passphrase_for bella
must bella join "$T/bella.invite" --device-name "bella's device"
must admin org approve bella
must bella --json sync
json "it began so" "d['begun_records'] >= 5" True
equal "with all of them" "$(state_hash amir Unit)" "$(state_hash bella Unit)"
wont "their notes are not at the relay any more" 16 "another device .* brings them" \
    bella snapshot fetch
must chief sync
must bella --json snapshot fetch
json "another device has brought them" "d['left']" 0
must bella --json verify
json "and everything is proved" "d['whole']" True

# ---- who holds them leaves ------------------------------------------------------------------
must admin device revoke bella --reason left
hasnt "two desks hold them still" "hold each note|holds each note" "$err"
must admin device revoke chief --reason left
has "one is left that holds them" "1 of headquarters' devices holds each note of Unit" "$err"

relay_end TERM
ok "the relay's log is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
