#!/usr/bin/env bash
# Goal: a shared tablet takes notes and shows none, not to the next officer either: what it sealed
# only the others read, and its store holds nothing that opens it (LL-5, P3, decision 0011).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Family Liaison Unit"
enrol amir officer
enrol tablet writer
must amir add person name="Not for the tablet"
must amir sync

must tablet add person name="Marker Blackbird"
id=$out
has "the id is printed" '^[0-9a-f-]{36}$' "$id"
must tablet list
hasnt "nothing is listed" "Marker" "$out"
must tablet search Blackbird
hasnt "nothing is found" "Marker" "$out"
wont "it can't be shown" 4 "no record" tablet show "$id"
wont "nor changed" 4 "no record" tablet edit "$id" name=Other
must tablet export
equal "nothing is exported" "" "$out"
must tablet status
has "the role" "you: writer" "$out"
has "it isn't called a fault" "on this device only: 1" "$out"
hasnt "not even as waiting" "can't be opened" "$out"
must tablet --json space list
json "the space, without its name" "d[0]['role'], d[0]['name'][0]" "('writer', '?')"
must tablet device list
hasnt "no names of colleagues" "amir|Administrator" "$out"
must tablet sync
must tablet --json status
json "it has left" "d['spaces'][0]['own_ops'], d['spaces'][0]['own_at_relay']" "(1, 1)"
json "and nothing came" "d['spaces'][0]['records'], d['spaces'][0]['segments']" "(0, 1)"
must tablet verify
must amir sync
must amir show "$id"
has "an officer reads it" "Marker Blackbird" "$out"
must amir edit "$id" name="Marker Blackbird, corrected"
must amir verify

# Who can read the space is not made a writer of it while it holds the key.
wont "a reader as writer" 5 "take it out" admin space grant "Family Liaison Unit" amir --role writer
must admin space rotate "Family Liaison Unit"
must tablet sync
must tablet add person name="Under the next key"
must tablet sync
must amir sync
must amir search "next key"
has "the next key does as well" "Under the next key" "$out"
finish
