#!/usr/bin/env bash
# Goal: a stolen device is shut out at once, everybody else gets new keys and goes on; who leaves
# one space keeps the others (A24, A25, D3).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Family Liaison Unit"
must admin space create "Operation Limelight"
enrol amir officer "Family Liaison Unit" "Operation Limelight"
enrol bethan officer "Family Liaison Unit" "Operation Limelight"
must amir add person --space "Family Liaison Unit" name="Maria Alvarez"
must amir sync
must admin sync

# Out of one space: the other stays.
wont "an officer removes nobody" 6 "admin" amir space remove "Operation Limelight" bethan
must admin space remove "Operation Limelight" bethan
has "it is said what it means" "new key" "$out"
wont "twice" 5 "not in that space" admin space remove "Operation Limelight" bethan
must amir sync
must amir add person --space "Operation Limelight" name="Written after she left"
must amir sync
on bethan sync
must bethan list person --space "Family Liaison Unit"
has "her other space goes on" "Maria Alvarez" "$out"
on bethan search "Written after"
hasnt "what came after is not hers" "Written after she left" "$out"

# A stolen device.
wont "a reason is needed" 2 "lost, stolen or left" admin device revoke bethan
wont "one of three" 2 "lost, stolen or left" admin device revoke bethan --reason angry
wont "an officer revokes nobody" 6 "admin" amir device revoke bethan --reason stolen
wont "no such device" 4 "no device" admin device revoke nobody --reason stolen
began=$(date +%s%N)
must admin device revoke bethan --reason stolen
on bethan sync
[ "$status" != 0 ] || fail "a revoked device still syncs"
echo "revoked and refused $(((($(date +%s%N) - began)) / 1000000)) ms after the command began"
wont "twice" 5 "already" admin device revoke bethan --reason stolen
must admin --json device list
json "it is marked" "[m['state'] for m in d if m['name'] == 'bethan']" "['revoked']"
must amir sync
must amir add person --space "Family Liaison Unit" name="Tomas Alvarez"
must amir sync
must admin sync
must admin search Tomas
has "the others go on under the new key" "Tomas" "$out"
on bethan sync
on bethan search Tomas
hasnt "the revoked device reads nothing new" "Tomas" "$out"

# It may be a breach: 72 hours run until headquarters has decided (2.6).
must admin --json device lost
json "what it could read, and until when there is time" \
    "[(r['name'], r['reason'], r['state'], r['record'], \
[tuple(s[k] for k in ('name', 'role', 'left', 'records', 'heard')) for s in r['spaces']]) \
for r in rows]" \
    "[('bethan', 'stolen', 'open', None, [('Family Liaison Unit', 'officer', False, 1, None), \
('Operation Limelight', 'officer', True, 1, None)])]"
must admin desk
has "headquarters is told" "bethan was reported stolen: 72 hours end" "$out"
must admin today
has "each day" "bethan was reported stolen: 72 hours end" "$out"
must amir today
hasnt "an officer isn't" "72 hours" "$out"
must admin device lost
has "in words" "72 hours end .*: daybook add breach device=" "$out"
stolen=$(grep -oE '[0-9a-f]{32}' <<<"$out" | head -n 1)
must admin add breach --space "Family Liaison Unit" device="$stolen" what="Taken from a car" \
    decision=assessing
breach=$out
must admin --json desk
json "assessing ends nothing" "d['lost_devices']" 1
must admin edit "$breach" decision=need_not_be_told decision_reason="It was off and locked" \
    --reason "Looked at"
must admin --json device lost
json "a decision does" "[(r['state'], r['record']) for r in rows]" "[('decided', '$breach')]"
must admin --json desk
json "and nothing waits" "d['lost_devices']" 0

# The last administrator can't shut himself out; a key can be changed without cause.
wont "the last administrator stays" 6 "last" admin device revoke Administrator --reason left
must admin space rotate "Family Liaison Unit"
must amir sync
must amir add person --space "Family Liaison Unit" name="Ines Alvarez"
must amir sync
must admin sync
must admin verify
must amir verify
equal "both hold the same" "$(state_hash admin "Family Liaison Unit")" \
    "$(state_hash amir "Family Liaison Unit")"
finish
