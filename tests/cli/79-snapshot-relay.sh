#!/usr/bin/env bash
# Goal: headquarters puts a space as it stands at the relay, a second desk's sync confirms it, and a
# new device begins with it by itself; whatever is wrong with it, the log is pulled (decision 0040).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol second hq Unit
enrol amir officer Unit
marker=Quagmirevale
must amir add person name="Edwina $marker" dob=1950-01-01
person=$out
must amir edit "$person" name="Edwina of $marker"
for n in 1 2 3 4 5; do must amir add person name="Ruth $n"; done
must amir sync
must second sync
must admin sync
join() {
    invite "$1" officer Unit
    passphrase_for "$1"
    must "$1" join "$T/$1.invite" --device-name "$1's device"
    must admin org approve "$1"
}

# ---- made and confirmed ---------------------------------------------------------------------
wont "an officer makes none" 6 "only headquarters" amir snapshot make
wont "there is none to confirm yet" 4 "no snapshot" second snapshot confirm
must admin --json snapshot make
json "it says how much it holds" "d['records'] >= 6 and d['bytes'] > 0" True
wont "who made it doesn't confirm it" 6 "another one confirms" admin snapshot confirm
join bella
must bella --json sync
json "what nobody has confirmed isn't begun with" \
    "d['begun_records'] == 0 and d['snapshots_refused'] == 0" True
must second --json sync
json "a desk's sync confirms what waits" "d['snapshots_confirmed']" 1
must second --json sync
json "once" "d['snapshots_confirmed'] == 0 and d['idle']" True
equal "nothing at the relay can be read" "" "$(grep -rlaE "$marker|Edwina|Ruth" "$T/relay" || true)"

# ---- begun with it --------------------------------------------------------------------------
must amir edit "$person" sex=female
must amir sync
join carl
must carl sync
has "a new device begins with it, unasked" \
    "Began with headquarters' snapshot: [0-9]+ records" "$out"
must carl show "$person"
has "every record is here, and what came since" "Edwina of $marker" "$out"
must carl status
has "status tells whose word it is" "made by .*confirmed by second" "$(tr '\n' ' ' <<<"$out")"
settle admin second amir carl
want=$(state_hash amir Unit)
equal "snapshot and tail are the whole log" "$want" "$(state_hash carl Unit)"
must carl --json snapshot fetch
json "the relay has the notes" "d['fetched'] >= 1 and d['left'] == 0" True
must carl --json verify
json "everything is proved then" "d['whole']" True

# ---- a second one, by word ------------------------------------------------------------------
must admin sync
must admin snapshot make
has "it says what comes next" "Another device of headquarters confirms it" "$out"
must second sync
must admin sync
must second snapshot make
must admin snapshot confirm
has "confirming by word tells whose it was" "as second('s device)? did" "$out"
relay_end TERM
ok "the relay's log is sound, with what it keeps beside it" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
