#!/usr/bin/env bash
# Goal: an administrator begins an organisation, invites officers' devices, compares their numbers
# and approves them; whoever isn't approved reads nothing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation "Family Liaison Unit"
has "the space has the organisation's name" 'one space of the same name' "$out"
has "its id is shown" 'id is [0-9a-f]{32}' "$out"
must admin --json space list
json "one space" "[(s['name'], s['role']) for s in rows[0]]" "[('Family Liaison Unit', 'hq')]"
must admin space create "Operation Limelight"
must admin --json space list
json "two spaces, by name" "[s['name'] for s in d]" "['Family Liaison Unit', 'Operation Limelight']"

# The invite alone is on standard output, so that it can be saved; the advice is not.
must admin org invite --name Amir --role officer --space "Family Liaison Unit"
equal "the invite is one line" 1 "$(wc -l <<<"$out")"
has "how to hand it over is said" "in person" "$err"
printf '%s\n' "$out" >"$T/amir.invite"
must admin --json org invite --name Desk --role hq --space "Family Liaison Unit" \
    --space "Operation Limelight"
py "d['invite']" >"$T/desk.invite"
wont "an invite needs a role" 2 "--role" admin org invite --name X
wont "a role that doesn't exist" 2 "no such role" admin org invite --name X --role king
wont "a space that doesn't exist" 4 . admin org invite --name X --role officer --space Nowhere
wont "an invite for too long" 2 "hours" admin org invite --name X --role officer --hours 500 \
    --space "Family Liaison Unit"

# Nobody has asked yet.
must admin org approve
has "nobody waits" "Nobody waits.* 2" "$out"
wont "nobody by that name has asked" 4 "no request" admin org approve Amir

# Joining: a damaged invite is refused before anything is sent.
passphrase_for amir
sed 's/.\{9\}$/AAAAAAAAA/' "$T/amir.invite" >"$T/bad.invite"
wont "a damaged invite" 8 . amir join "$T/bad.invite"
must amir join "$T/amir.invite" --device-name "Amir's laptop"
has "the device's number is shown" 'number is [0-9a-f]{8} [0-9a-f]{8}' "$out"
number=$(sed -n 's/.*number is \([0-9a-f]\{8\} [0-9a-f]\{8\}\).*/\1/p' <<<"$out")
passphrase_for desk
must desk --json join "$T/desk.invite"
json "with --json the number is a member" "len(d['device'])" 32
desk_number=$(py "d['device']")

# Before approval it waits and reads nothing.
must amir sync
has "the device waits" "Waiting for an administrator" "$out"
must amir status
has "status says so too" "waits for an administrator" "$out"
wont "nothing can be written yet" 4 . amir add contact method=phone
must amir --json space list
json "no space" "d" "[]"

# The administrator compares and approves.
must admin org approve
has "the request is listed with its number" "^Waits: Amir \(officer\), device number $number" "$out"
has "and with what the device calls itself" "Amir's laptop" "$out"
wont "another name" 4 "no request" admin org approve Bethan
must admin org approve Amir
has "it is approved" "^Approved: Amir" "$out"
must admin org approve "$desk_number"
has "a device's number does as well" "^Approved: Desk \(hq\)" "$out"
must amir sync
has "the device is in" "changes? of membership" "$out"
must desk sync
must amir --json space list
json "Amir holds his space only" "[(s['name'], s['role']) for s in d]" \
    "[('Family Liaison Unit', 'officer')]"
must desk --json space list
json "the desk holds both" "[s['role'] for s in d]" "['hq', 'hq']"
must desk --json device list
json "everyone is listed" "sorted(m['name'] for m in d)" "['Administrator', 'Amir', 'Desk']"
json "nobody is revoked" "{m['state'] for m in d}" "{'active'}"
json "and who has written was heard" \
    "[(m['heard'] is not None, m['silent']) for m in d if m['name'] == 'Desk']" "[(False, True)]"
must desk --json device list --limit 2
json "a page of them, as they joined" "[m['name'] for m in d]" "['Administrator', 'Amir']"
must desk --json device list --limit 2 --after Amir
json "and the one after it" "[m['name'] for m in d]" "['Desk']"
must desk --json device list --after Desk
json "behind the last there is none" "d" "[]"
must desk --json device list Amir
json "one alone" "[m['name'] for m in d]" "['Amir']"
wont "no such device" 4 "no device has that name" desk device list --after Nobody
must amir device list
has "one's own device is marked" "this device" "$out"

# An invite is good once.
passphrase_for twin
on twin join "$T/amir.invite"
on twin sync
must admin org approve
hasnt "a used invite brings nobody" "^Waits" "$out"

# Who may do what.
wont "an officer doesn't invite" 6 . amir org invite --name X --role officer
wont "an officer makes no space" 6 . amir space create Mine
wont "a space not held is as one that isn't there" 4 . amir list --space "Operation Limelight"
must admin space grant "Operation Limelight" Amir
must amir sync
must amir --json space list
json "a grant arrives by sync" "[s['name'] for s in d]" \
    "['Family Liaison Unit', 'Operation Limelight']"

# A device belongs to one organisation.
wont "a second organisation" 5 "already" amir join "$T/desk.invite"

# With no network the invite is kept, and goes out with the next sync.
invite clare officer "Family Liaison Unit"
relay_end TERM
passphrase_for clare
wont "joining without a network" 13 . clare join "$T/clare.invite"
has "the invite is kept" "invite is kept" "$err"
relay_start
must clare sync
has "now it has asked" "Waiting" "$out"
must admin org approve --all
has "all who wait" "^Approved: clare" "$out"
must clare sync
must clare --json space list
json "Clare is in" "len(d)" 1

# The passphrase can be changed; the old one opens nothing then.
echo "another passphrase altogether" >"$T/new.pass"
must clare passphrase --new-file "$T/new.pass"
wont "the old passphrase" 7 "passphrase" clare status
cp "$T/new.pass" "$T/clare.pass"
must clare status
finish
