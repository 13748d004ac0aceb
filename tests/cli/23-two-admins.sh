#!/usr/bin/env bash
# Goal: what widens access most needs two administrators: one proposes, the other sees in plain
# words what it would do, and agrees; then every member sees it. One alone gets nowhere (A18, R25).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Family Liaison Unit"
enrol amir officer "Family Liaison Unit"

# With one administrator there is nobody to ask.
must admin org policy
has "the rules before any were made" "72 +hours that a device opens" "$out"
must admin org policy --lease-hours 48
must amir sync
must amir --json org policy
json "every member has the rules" \
    "d['lease_hours'], d['freshness_hours'], d['witnesses']" "(48, 24, [])"
wont "a restricted space needs a second administrator" 6 "second administrator" \
    admin space create "Operation Yew" --restricted

enrol chief admin "Family Liaison Unit"
must admin sync
must admin org proposals
has "nothing waits yet" "Nothing waits" "$out"

# A new rule: proposed, and nothing until the other agrees.
key=$(printf 'ab%.0s' {1..32})
wont "one alone proposes" 20 "second administrator must agree.*org agree [0-9a-f]{8}" \
    admin org policy --witness "$key" --rotate-days 30
must amir sync
must amir --json org policy
json "nothing has changed" "d['witnesses'], d['rotate_days']" "([], 90)"
must admin sync
has "the proposer is told that it waits" "still waits for another administrator" "$out"
wont "an officer isn't told" 6 "." amir org proposals
must chief sync
has "the second is told to look" "1 change needs you" "$out"
must chief --json org proposals
id=$(py "d[0]['proposal']")
must admin org proposals
has "the proposer can't be the second" "waits for another administrator" "$out"
wont "not even by trying" 6 "another person must agree" admin org agree "$id"
must chief org proposals
has "all of it is shown" \
    "Administrator asks to set the rules: .*used 90 -> 30; the witnesses changed.*with $key" "$out"
must chief org agree "${id:0:8}"
has "and then it is done" "Signed and done: set the rules" "$out"
has "and who has it when" "after their next sync" "$out"
hasnt "nobody has to do more" "org approve" "$out"
must amir sync
must amir --json org policy
json "every member sees it after one sync" \
    "d['witnesses'], d['rotate_days'], d['lease_hours']" "(['$key'], 30, 48)"
must amir org log
has "with both who signed" "(Administrator, chief|chief, Administrator) +set the rules" "$out"
must admin sync
has "the proposer is told" "agreed to what you proposed: it is done" "$out"
wont "what was agreed to waits no more" 4 "no such proposal" chief org agree "$id"

# Nobody signs unseen, whatever number they type.
wont "a restricted space is proposed" 20 "org agree" \
    admin space create "Operation Yew" --restricted --member chief=hq --member amir
id=$(grep -oE '[0-9a-f]{8}$' <<<"$err")
wont "nobody signs what this device hasn't shown" 5 "look at what it would do first" \
    chief org agree "$id"
must chief org proposals
has "its name and members are shown" \
    "make Operation Yew .*restricted.*, with " "$out"
has "the first administrator" "Administrator .number [0-9a-f ]*. as hq" "$out"
has "the officer" "amir .number [0-9a-f ]*. as officer" "$out"
must chief org agree "$id"
must amir sync
must amir --json space list
json "who was named is in" "sorted(s['name'] for s in d)" "['Family Liaison Unit', 'Operation Yew']"

# Into it, by two; an ordinary space still takes one.
enrol bethan officer "Family Liaison Unit"
wont "a grant is proposed" 20 "org agree" admin space grant "Operation Yew" bethan
must chief org proposals
has "who, as what, into which" "let bethan .number.* into Operation Yew .*, as officer" "$out"
id=$(grep -oE '^[0-9a-f]{8}' <<<"$out")
must chief org decline "$id"
must admin sync
has "a refusal is told" "waits no longer" "$out"
must bethan sync
must bethan --json space list
json "and she isn't in" "[s['name'] for s in d]" "['Family Liaison Unit']"

# A bar is for ever.
wont "a bar is proposed" 20 "org agree" chief space bar "Operation Yew" bethan
must admin org proposals
has "whom, from what" "chief asks to for ever bar bethan .* from Operation Yew" "$out"
must admin org agree "$(grep -oE '^[0-9a-f]{8}' <<<"$out")"
must chief sync
wont "then no grant can be made" 6 "barred" chief space grant "Operation Yew" bethan

# Headquarters' device, and a chain that moves on in between.
invite desk hq "Family Liaison Unit"
passphrase_for desk
must desk join "$T/desk.invite" --device-name "the desk"
wont "a desk is proposed" 20 "org agree" admin org approve desk
must chief space create "Operation Oak"
must admin sync
has "the proposer is told to begin anew" "give the command again" "$out"
wont "and does" 20 "org agree" admin org approve desk
must chief org proposals
has "by name, with its number" "let in desk .number [0-9a-f]{8} [0-9a-f]{8}., as hq" "$out"
must chief --json org proposals
json "for programs" \
    "d[0]['kind'], d[0]['proposed_by'], d[0]['mine']" "('enrol', 'Administrator', False)"
must chief org agree "$(py "d[0]['proposal']")"
has "it is said who lets it into its spaces" "whoever proposed it.*org approve" "$out"
must admin sync
has "and so it is to them" "gets its spaces" "$out"
must admin org approve desk
must desk sync
must desk --json space list
json "the desk has its space" \
    "[(s['name'], s['role']) for s in d]" "[('Family Liaison Unit', 'hq')]"

# Another device of the same person: not a second administrator.
must chief org invite --name "chief's laptop" --role admin --person chief \
    --space "Family Liaison Unit"
printf '%s\n' "$out" >"$T/laptop.invite"
passphrase_for laptop
must laptop join "$T/laptop.invite" --device-name "laptop"
must chief org approve
wont "a further device of an administrator is proposed" 20 "org agree" \
    chief org approve "chief's laptop"
must admin org proposals
has "whose it is" "let in chief's laptop .*, as admin, another device of whoever has chief" "$out"
must admin org agree "$(grep -oE '^[0-9a-f]{8}' <<<"$out")"
must laptop sync
wont "a rule is proposed" 20 "org agree" chief org policy --lease-hours 96
must laptop org proposals
has "their laptop waits with them" "waits for another administrator" "$out"
must chief org decline "$(grep -oE '^[0-9a-f]{8}' <<<"$out")"
has "who proposed takes it back" "Taken back" "$out"

# The second administrator, who hasn't the root, can't take the founder's device out alone.
wont "proposed" 20 "org agree" chief device revoke Administrator --reason left
must amir sync
must admin --json device list
json "nobody is out" "[m['name'] for m in d if m['state'] != 'active']" "[]"
must admin verify
must amir verify
finish
