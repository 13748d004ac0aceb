#!/usr/bin/env bash
# Goal: every member sees every change of membership, in words, and who signed it; of a space that
# isn't theirs nothing more than that something changed (A18, A26, R19).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Family Liaison Unit"
must admin space create "Operation Limelight"
enrol amir officer "Family Liaison Unit"
enrol bethan officer "Family Liaison Unit" "Operation Limelight"
must amir sync
has "a sync tells of what changed" "[0-9]+ changes? of membership: daybook org log" "$out"

must admin org log
has "the founding, by the root" "0 .*the root key +founded the organisation, with Admin" "$out"
has "a space by its name" "Administrator +made Operation Limelight, with Administrator as hq" "$out"
has "who came in, as what" "let in amir, as officer" "$out"
has "into which space" "let bethan into Operation Limelight, as officer" "$out"
hasnt "nothing is unnamed to who holds all" "another space|\?[0-9a-f]{8}" "$out"

# Amir isn't in Operation Limelight.
must amir org log
has "he sees that there was a change" "made another space" "$out"
has "and who was let in" "let bethan into another space" "$out"
hasnt "not its name, role or members" "Limelight|another space.*(as|with)" "$out"
must admin --json space list
limelight=$(py "[s['space'] for s in d if s['name'] == 'Operation Limelight'][0]")
must amir --json org log
hasnt "nor its number (A26)" "$limelight" "$out"
json "a line for each change" "[r['change'] for r in rows] == list(range(len(rows)))" True
json "programs get kinds" "[r['kind'] for r in rows][:3]" "['genesis', 'space', 'space']"
json "and who signed" "[s['name'] for s in rows[1]['signed_by']]" "['Administrator']"
json "the root is no device" "rows[0]['signed_by']" "[{'name': 'root', 'device': None}]"
json "a space that isn't held is absent" "'space' in rows[2]" False

# What goes wrong is told too.
before=$(py "len(rows)")
must bethan add person --space "Family Liaison Unit" name="Maria Alvarez"
must bethan sync
must admin device revoke bethan --reason stolen
must amir sync
must amir org log --since "$before"
has "a device that was shut out, and why" "$before .*Administrator +shut out bethan: stolen" "$out"
has "up to where its notes count" "in Family Liaison Unit its notes count up to entry [0-9]+" "$out"
hasnt "not in a space that isn't his" "another space its notes|Limelight" "$out"
has "a new key follows" "gave Family Liaison Unit a new key, number 2" "$out"
hasnt "only what is new" "founded" "$out"
wont "a number is needed" 2 "number of a change" amir org log --since yesterday

# It is the verified chain: the same on every device.
changes="[(r['change'], r['kind'], r['claimed']) for r in rows]"
must amir --json org log
mine=$(py "$changes")
must admin --json org log
equal "all see the same changes" "$(py "$changes")" "$mine"
finish
