#!/usr/bin/env bash
# Goal: a forgotten passphrase on a broken laptop (A30). Headquarters has a key in three shares; two
# of them open the officer's store, one doesn't. The officer sees that it can be opened, and that it
# was. Whoever isn't the organisation can't put a key of theirs there (M32, R16). Nothing of the
# secret is written anywhere but in the shares.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
organisation "Unit Cedar"
enrol ruth officer "Unit Cedar"

# The ceremony: no store and no network are needed.
ok "the ceremony makes three shares" "$DAYBOOK" recovery create "Unit Cedar" \
    --share "$T/a.share" --share "$T/b.share" --share "$T/c.share"
key=$out
has "it prints the public key" '^[0-9a-f]{64}$' "$key"
has "it says what to do with it" "org policy --recovery" "$err"
equal "a share is for its keeper alone" "600 600 600" \
    "$(echo $(stat -c %a "$T"/[abc].share))"
has "a share says what it is" "^Daybook recovery share 2 of 3$" "$(cat "$T/b.share")"
refused "a share is never written over a file" 5 "c.share" "$DAYBOOK" recovery create \
    "Unit Cedar" --share "$T/d.share" --share "$T/c.share"
[ ! -e "$T/d.share" ] || fail "a set is written whole or not at all" "d.share was left"
refused "one keeper isn't enough" 2 "each keeper" "$DAYBOOK" recovery create "Unit Cedar" \
    --share "$T/d.share"
refused "one share of two alone is none" 3 "at least 2" "$DAYBOOK" recovery create "Unit Cedar" \
    --share "$T/d.share" --share "$T/e.share" --need 1

# Before the policy names it nothing opens but the passphrase.
must ruth --json recovery status
json "nobody else can open it yet" "(d['wanted'], d['there'], d['recovery_key'])" \
    "(False, False, None)"
on ruth recovery status
has "and the officer is told what that means" "forgotten" "$out"
cp -a "$T/ruth" "$T/early"
must admin org policy --recovery "$key"

# The device takes it from the chain at its next sync, and says so once.
must ruth sync
has "the officer hears of it" "^! Headquarters can open this store" "$err"
must ruth status
hasnt "but not twice" "Headquarters" "$err"
has "status goes on saying it" "^Headquarters can open this store without your passphrase" "$out"
print=$(sed -n 's/^Recovery key: //p' "$T/a.share")
has "with the key that the keepers have on paper" "$print" "$out"
must ruth --json status
json "and so for programs" "(d['recovery']['there'], d['recovery']['recovery_key'])" \
    "(True, '$print')"

# What was synced is at headquarters; what wasn't is on the laptop only.
must ruth add case ref=29SENT kind=fatal_rtc
must ruth sync
must ruth add case ref=29ONLY kind=fatal_rtc
notes=$(ids ruth)

# The laptop is broken, its disk is brought in, and nobody knows the passphrase.
began=$SECONDS
cp -a "$T/ruth" "$T/brought"
cp "$T/ruth.pass" "$T/brought.pass"
echo "for the time being: nine grey herons" >"$T/new.pass"
for n in 1 2 3 4; do
    on brought --passphrase-file "$T/new.pass" status
    equal "guess $n is wrong" 7 "$status"
done
cp "$T/brought/tries" "$T/tries" # A06
D=("$DAYBOOK" --light-kdf --store "$T/brought" recover --new-file "$T/new.pass")
refused "one share of three opens nothing" 3 "it takes 2 together" "${D[@]}" --share "$T/a.share"
refused "nor does one given twice" 3 "twice" "${D[@]}" --share "$T/a.share" --share "$T/a.share"
sed '/^3:/s/./4/' "$T/b.share" >"$T/bad.share"
refused "a missing line is named" 8 "bad.share: line 3 .*missing" "${D[@]}" --share "$T/bad.share" \
    --share "$T/a.share"
sed '/^3:/s/ .*$/ 0000 0000 0000 0000 0000 0000 0000 0000 0000/' "$T/b.share" >"$T/bad.share"
refused "and so is one that is mistyped" 8 "line 3 .*mistyped" "${D[@]}" --share "$T/bad.share" \
    --share "$T/a.share"
ok "another set of shares, of a stranger" "$DAYBOOK" recovery create "Unit Cedar" \
    --share "$T/x.share" --share "$T/y.share"
refused "shares of two sets" 5 "two sets" "${D[@]}" --share "$T/a.share" --share "$T/y.share"
refused "a set for another key (M32)" 5 "the shares are of recovery key" "${D[@]}" \
    --share "$T/x.share" --share "$T/y.share"
cmp "$T/tries" "$T/brought/tries" || fail "what failed has touched the count of wrong passphrases"

ok "two of three open it, whatever was guessed before" "${D[@]}" --share "$T/c.share" \
    --share "$T/a.share"
has "and say whose it is" "ruth" "$out"
wont "the forgotten passphrase is gone" 7 "wrong passphrase" brought status
cp "$T/new.pass" "$T/brought.pass"
equal "every note is there (A30)" "$notes" "$(ids brought)"
must brought sync
must admin sync
equal "and reaches headquarters" "$notes" "$(ids admin)"
must admin --json audit --op break_glass
json "which sees that it was opened, and on which device" \
    "[(r['author'], r['what']) for r in rows]" \
    "[('ruth', \"opened with headquarters' recovery key\")]"
took=$((SECONDS - began))
[ "$took" -le 900 ] || fail "the data is back in a quarter of an hour (A30)" "took $took s"

# The officer sees what was done, at once and later, until it can't matter any more.
cp -a "$T/brought" "$T/back"
cp "$T/brought.pass" "$T/back.pass"
must back status
has "status says that it was opened" "^! Opened with recovery key $print on " "$out"
has "and what to do" "daybook rekey" "$out"
must back rekey
must back --json recovery status
json "after a rekey nothing is to be done" "(len(d['opened']), d['rekey_due'], d['there'])" \
    "(1, False, True)"
has "the time is a time" '^20[0-9]{2}-' "$(py "d['opened'][0]['time']")"

# A copy of before the policy has no slot: nothing was there to open it.
cp "$T/ruth.pass" "$T/early.pass"
refused "a store without the slot says so" 4 "no recovery key can open" "$DAYBOOK" \
    --store "$T/early" recover --new-file "$T/new.pass" --share "$T/a.share" --share "$T/b.share"

# A slot that was written behind the store's back is seen, and opens to nobody.
cp -a "$T/ruth" "$T/forged"
stranger=$(sed -n '1p' <<<"$key" | tr '0-9a-f' 'f0-9a-e')
"$python" - "$T/forged/keys.slots" "$stranger" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = 24 + 140 * next(i for i in range(data[7]) if data[24 + 140 * i] == 2)
data[at + 4:at + 36] = bytes.fromhex(sys.argv[2])
open(sys.argv[1], "wb").write(data)
PYTHON
cp "$T/ruth.pass" "$T/forged.pass"
wont "a slot for a stranger's key is damage (M32)" 10 "." forged status

# The key is taken out of the policy: the slot goes, and the officer hears that, too.
must admin org policy --recovery none
must ruth sync
has "the officer hears of it" "can't open this store .*any more" "$err"
must ruth --json status
json "the slot is gone" "d['recovery']['there']" False

# The secret half of the key was never anywhere; parts of it are in the shares alone.
"$python" - "$T" <<'PYTHON' || fail "no part of the key lies about"
import os, sys
top, alphabet = sys.argv[1], "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
needles = []
for name in "abc":
    lines = [l for l in open(f"{top}/{name}.share") if l[:1].isdigit()]
    block = b""
    for line in lines:
        symbols = line.split(":")[1].replace(" ", "").strip()
        bits = "".join(format(alphabet.index(c), "05b") for c in symbols)
        block += bytes(int(bits[i:i + 8], 2) for i in range(0, (len(bits) - 20) // 8 * 8, 8))
    part = block[42 + 48:42 + 48 + 32]
    assert len(block) == 42 + 48 + 32 + len("Unit Cedar") + 8
    needles += [part, part.hex().encode(), lines[4].split(":")[1].strip().encode()]
for folder, _, files in os.walk(top):
    for name in files:
        path = os.path.join(folder, name)
        if path.endswith(".share") or os.path.islink(path) or not os.path.isfile(path):
            continue
        data = open(path, "rb").read()
        assert not any(n in data for n in needles), path
PYTHON
checks=$((checks + 1))
printf 'the drill took %s s\n' "$took"
finish
