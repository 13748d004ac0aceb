#!/usr/bin/env bash
# Goal: with no network at all, a folder (USB stick) carries sealed notes between devices; it gives
# no receipts, so everything still goes to the relay later, and nothing arrives twice.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol bethan officer Unit
enrol desk hq Unit
must amir sync # the newest members
relay_end TERM
stick=$T/stick
mkdir "$stick"

must amir add case ref=26/70 kind=other summary="written in a valley without signal"
first=$out
wont "no relay" 13 . amir sync
must amir sync --folder "$stick"
has "it says what went into the folder" "Put into the folder: 1 change" "$out"
must bethan sync --folder "$stick"
must bethan show "$first"
has "the note is on the other device" "valley without signal" "$out"
must bethan edit "$first" summary="and read beside a reservoir"
must bethan add contact method=phone account="hers"
second=$out
must bethan sync --folder "$stick"
must amir sync --folder "$stick"
must amir show "$second"
has "and back" "hers" "$out"
must amir sync --folder "$stick" # that he looked at it
must amir sync --folder "$stick"
has "nothing twice" "Nothing new" "$out"

# Carried isn't received: the device still says so, in words and numbers.
must amir status
has "not yet at the relay" "on this device only: 2" "$out"
must amir --json status
json "no receipt" "d['spaces'][0]['own_at_relay']" 0
must bethan sync --folder "$stick"
equal "both hold the same" "$(state_hash amir Unit)" "$(state_hash bethan Unit)"

# The folder holds nothing that can be read, and is not believed blindly.
equal "sealed" "" "$(grep -rlaE 'valley|reservoir|contact' "$stick" || true)"
file=$(find "$stick" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
cp "$file" "$T/spare"
size=$(stat -c %s "$file")
flip "$file" $((size / 2))
on desk sync --folder "$stick"
[ "$status" != 0 ] || hasnt "a flipped bit is not taken for good" "Nothing new" "$out"
must desk --json verify
json "and does no harm" "d['whole']" True
cp "$T/spare" "$file"
must desk sync --folder "$stick"
must desk show "$first"
has "headquarters by folder" "reservoir" "$out"
truncate -s $((size / 2)) "$file"
on amir sync --folder "$stick"
must amir --json verify
json "a cut file does no harm either" "d['whole']" True
cp "$T/spare" "$file"
wont "no such folder" 4 . amir sync --folder "$T/nowhere"

# Later the network is back.
relay_start
must amir sync
must bethan sync
must desk sync
must amir sync
must amir --json status
json "now the relay has signed for all" \
    "d['spaces'][0]['own_at_relay'] == d['spaces'][0]['own_ops']" True
settle amir bethan desk
equal "Amir and the desk" "$(state_hash amir Unit)" "$(state_hash desk Unit)"
equal "Bethan and the desk" "$(state_hash bethan Unit)" "$(state_hash desk Unit)"
must desk --json list
json "two notes, not four" "len(rows)" 2
finish
