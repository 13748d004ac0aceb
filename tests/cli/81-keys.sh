#!/usr/bin/env bash
# Goal: the keys of a device. Wrong passphrases wait over restarts and the right one still opens
# (A06); a new passphrase shuts the old one out; after a rekey an old key file opens nothing (A04).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
organisation "Unit Cedar"
must admin add case ref=20KEYS kind=fatal_rtc
before=$(ids admin)

cp "$T/admin/keys.slots" "$T/old.slots"
cp "$T/admin.pass" "$T/right.pass"
echo "the passphrase that comes after it" >"$T/new.pass"
must admin --json passphrase --new-file "$T/new.pass"
json "the passphrase is changed" "d['changed']" True
wont "the old passphrase opens no more" 7 "wrong passphrase" admin status
cp "$T/new.pass" "$T/admin.pass"
equal "the new one does" "$before" "$(ids admin)"

# Without a rekey the old key file and its passphrase still open: that is what it is for.
cp "$T/admin/keys.slots" "$T/new.slots"
cp "$T/old.slots" "$T/admin/keys.slots"
cp "$T/right.pass" "$T/admin.pass"
equal "control: an old key file opens a store that was not rekeyed" "$before" "$(ids admin)"
cp "$T/new.slots" "$T/admin/keys.slots"
cp "$T/new.pass" "$T/admin.pass"

must admin --json rekey
json "the store has a new key" "d['rekeyed']" True
equal "the notes are still there" "$before" "$(ids admin)"
must admin verify
cp "$T/admin/keys.slots" "$T/rekeyed.slots"
cp "$T/old.slots" "$T/admin/keys.slots"
cp "$T/right.pass" "$T/admin.pass"
wont "an old key file opens nothing after it" 10 "." admin status
cp "$T/rekeyed.slots" "$T/admin/keys.slots"

# Each try is a start of the program of its own.
echo "not the passphrase" >"$T/admin.pass"
for n in 1 2 3; do wont "guess $n" 7 "wrong passphrase$" admin status; done
wont "the fourth is told to wait" 7 "4th time: the next try is in 1 second" admin status
wont "a try too early is not looked at" 16 "wait 1 second" admin status
cp "$T/new.pass" "$T/admin.pass"
sleep 1.1
equal "the right one opens after the wait" "$before" "$(ids admin)"
echo "not the passphrase" >"$T/admin.pass"
wont "and has cleared the count" 7 "wrong passphrase$" admin status
cp "$T/new.pass" "$T/admin.pass"

# Unlocking at the cost that is measured, not the floor that other scripts take.
ok "a passphrase at the measured cost" "$DAYBOOK" --store "$T/admin" \
    --passphrase-file "$T/admin.pass" passphrase --new-file "$T/right.pass"
cp "$T/right.pass" "$T/admin.pass"
start=$(date +%s%N)
must admin status
took=$((($(date +%s%N) - start) / 1000000))
echo "note: an unlock at the measured cost took $took ms here (goal: 1500 on an idle machine)"
[ "$took" -lt 15000 ] || fail "an unlock is bearable" "took: $took ms"
finish
