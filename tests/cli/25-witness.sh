#!/usr/bin/env bash
# Goal: headquarters' desk confirms what it holds; officers see that, and how fresh it is; without
# a witness it is said that nobody confirms anything (R22, P1).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol desk hq Unit

# Nobody confirms anything yet: said, and no alarm.
must amir add contact method=visit account="First"
first=$out
must amir sync
hasnt "no warning" "^!" "$out"
must amir status
has "said once" "No witness is named" "$out"
must amir --json status
json "for programs" "d['spaces'][0]['confirmation']" no-witness
json "none is held" "d['spaces'][0]['own_at_hq']" 0
wont "an officer's device is no witness" 6 "headquarters" amir org witness

# The desk's key, pinned by the policy.
must desk org witness
key=$out
has "64 digits, alone" "^[0-9a-f]{64}$" "$key"
must desk org witness
equal "the same key again" "$key" "$out"
must admin org policy --witness "$key"
must desk sync
must desk --json org witness
json "the policy names it" "d['named']" True

must amir sync
must amir --json status
json "confirmed" "d['spaces'][0]['confirmation']" fresh
json "held by headquarters" "d['spaces'][0]['own_at_hq'] == d['spaces'][0]['own_ops'] > 0" True
must amir --json show "$first"
json "the note has come all the way" "d['carriage']" hq
must amir add contact method=visit account="Second"
second=$out
must amir sync
must amir status
has "both acknowledgements" "safe at the relay: every change" "$out"
has "both" "held by headquarters: [0-9]+ of [0-9]+ changes written here, confirmed" "$out"
hasnt "somebody is named" "No witness" "$out"
must amir --json show "$second"
json "so far only at the relay" "d['carriage']" relay
must amir sync

# An idle exchange stays one small round trip, with a witness too.
must desk --json sync
json "the desk confirms what is new" "d['cosigned']" 1
must amir sync
must amir --json sync
json "one round trip" "d['idle'], d['round_trips'], d['stale']" "(True, 1, 0)"
json "at most 600 bytes each way" "d['sent_bytes'] <= 600 and d['received_bytes'] <= 600" True
echo "idle with a witness: $(py "d['sent_bytes']") bytes out, $(py "d['received_bytes']") back"
must desk --json sync
json "the desk's too" "d['idle'], d['round_trips']" "(True, 1)"
must desk verify
must amir verify
finish
