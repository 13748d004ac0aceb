#!/usr/bin/env bash
# Goal: a new device begins with what two devices of headquarters say a space is, instead of years
# of notes; it says what it can't show then, and comes to have all (decision 0039).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol second hq Unit
enrol amir officer Unit
stick=$T/stick
mkdir "$stick"
marker=Quagmirevale
must amir add person name="Edwina $marker" dob=1950-01-01
person=$out
must amir sync
must second sync
must second edit "$person" religion=sikh
must amir edit "$person" religion=hindu
must amir edit "$person" name="Edwina of $marker"
for n in 1 2 3 4 5; do must amir add person name="Ruth $n"; done
must amir sync
must second sync
settle admin second

# ---- made and confirmed ---------------------------------------------------------------------
wont "an officer makes none" 6 "only headquarters" amir snapshot make "$stick"
wont "there is none to confirm yet" 4 "no snapshot" second snapshot confirm "$stick"
must admin --json snapshot make "$stick"
json "it says how much it holds" "d['records'] >= 6" True
wont "who made it doesn't confirm it" 6 "another one confirms" admin snapshot confirm "$stick"
wont "nor does an officer" 6 "only headquarters" amir snapshot confirm "$stick"
equal "nothing on the stick can be read" "" "$(grep -rlE "$marker|Edwina|Ruth" "$stick" || true)"

join() {
    invite "$1" officer Unit
    passphrase_for "$1"
    must "$1" join "$T/$1.invite" --device-name "$1's device"
    must admin org approve "$1"
}
join carl
wont "what nobody has confirmed isn't taken" 6 "not confirmed" carl sync --begin-with "$stick"
must carl --json list
json "nothing of it is here" "rows" "[]"
must second --json snapshot confirm "$stick"
json "a second desk made the same" "d['name']" Unit
wont "the two ways to a folder are told apart" 2 "one exchange" \
    carl sync --begin-with "$stick" --folder "$stick"

# ---- begun with it --------------------------------------------------------------------------
must carl --json sync --begin-with "$stick"
json "it took it" "d['begun_records'] >= 6 and d['pending'] == 0" True
join eve
must second sync
must second snapshot confirm "$stick" # the folder knows who was let in since
must eve sync --folder "$stick"
has "so does a device without a network, and says so" \
    "Began with headquarters' snapshot: [0-9]+ records" "$out"
must carl show "$person"
has "every record is here" "Edwina of $marker" "$out"
has "also that two wrote at once" "disputed" "$out"
must carl history "$person"
has "of earlier changes it says how many" "4 earlier changes of it .* not on this device" "$err"
hasnt "and shows none" "$marker" "$out"
must carl status
has "status tells since when, and whose word it is" \
    "began with headquarters' snapshot of .* made by" "$out"
has "who confirmed it" "confirmed by second" "$out"
must carl --json verify
json "what can be proved is" "d['whole']" True
json "what is believed is said" \
    "d['spaces'][0]['bare'] > 1 and d['spaces'][0]['believed'] > 5" True
must carl verify
has "in words too" "came with headquarters' snapshot and are believed" "$out"

# ---- and goes on as any other ---------------------------------------------------------------
must amir edit "$person" sex=female
must amir sync
must carl edit "$person" needs=sight
must carl sync
must amir sync
settle admin second amir carl
want=$(state_hash admin Unit)
equal "snapshot and tail are the whole log" "$want" "$(state_hash carl Unit)"
wont "it makes no snapshot: it isn't headquarters" 6 "only headquarters" carl snapshot make "$stick"

# ---- and comes to have all ------------------------------------------------------------------
must carl --json snapshot fetch
json "the relay has the notes" "d['fetched'] > 1 and d['left'] == 0" True
must carl snapshot fetch
has "then there is nothing to fetch" "Every note of that space is on this device" "$out"
must carl --json verify
json "everything is proved then" "d['whole']" True
json "and nothing only believed" "d['spaces'][0]['bare'] + d['spaces'][0]['believed']" 0
must carl history "$person"
has "and the history is here" "Edwina $marker" "$out"
must carl status
hasnt "status tells nothing of it any more" "headquarters' snapshot" "$out"

# ---- changed on the way ---------------------------------------------------------------------
join dora
part=$(find "$stick" -name '*.part' | head -n 1)
cp "$part" "$T/part"
flip "$part" 300
wont "a changed one is refused" 9 "does not verify" dora sync --begin-with "$stick"
must dora --json list
json "and leaves nothing" "rows" "[]"
cp "$T/part" "$part"
must dora sync
equal "a device that goes without pulls the log" "$want" "$(state_hash dora Unit)"
must dora --json sync --begin-with "$stick"
json "and takes none then" "d['begun_records']" 0
finish
