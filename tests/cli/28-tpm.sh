#!/usr/bin/env bash
# Goal: a TPM as a second factor, on software TPMs. The passphrase opens the store on this machine
# only; a wrong one doesn't, nor the right one with another TPM, a cleared one or none; the TPM's
# own lock-out is told; a rekey keeps it; headquarters' recovery opens without it (A30).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
if ! command -v swtpm >/dev/null; then
    echo "there is no software TPM (swtpm)"
    exit 77
fi

# chip NAME: a software TPM, at $T/NAME/sock
chip() {
    mkdir -p "$T/$1"
    swtpm socket --tpm2 --tpmstate "dir=$T/$1" --server "type=unixio,path=$T/$1/sock" \
        --ctrl "type=unixio,path=$T/$1/sock.ctrl" --flags not-need-init,startup-clear \
        >"$T/$1/log" 2>&1 </dev/null &
    others+=($!)
    for _ in $(seq 100); do
        [ ! -S "$T/$1/sock.ctrl" ] || return 0
        sleep 0.05
    done
    fail "a software TPM starts" "$(cat "$T/$1/log")"
}
at() { export DAYBOOK_TPM="swtpm:path=$T/$1/sock"; }

organisation "Unit Cedar"
enrol ruth officer "Unit Cedar"
ok "a recovery key" "$DAYBOOK" recovery create "Unit Cedar" --share "$T/a.share" \
    --share "$T/b.share" --share "$T/c.share"
must admin org policy --recovery "$out"
must ruth sync
must ruth add case ref=28TPM kind=fatal_rtc
notes=$(ids ruth)
chip one
at one
echo "another passphrase: nine grey herons" >"$T/new.pass"
on ruth passphrase --tpm --no-tpm --new-file "$T/new.pass"
equal "not both" 2 "$status"
on ruth passphrase --tpm --new-file "$T/new.pass"
if [ "$status" = 4 ] && grep -q "without TPM support" <<<"$err"; then
    echo "this daybook was built without TPM support"
    exit 77
fi
equal "the store takes the TPM" 0 "$status"
has "and says what that means" "on this machine only" "$out"
cp "$T/ruth.pass" "$T/old.pass"
wont "the old passphrase is gone" 7 "wrong passphrase" ruth status
cp "$T/new.pass" "$T/ruth.pass"
equal "the new one opens, with the TPM" "$notes" "$(ids ruth)"
must ruth verify

cp -a "$T/ruth" "$T/copy"
cp "$T/new.pass" "$T/copy.pass"
chip two
at two
wont "the right passphrase with another TPM" 4 "isn't the one" copy status
at none
wont "the right passphrase without one" 4 "TPM" copy status
export DAYBOOK_TPM="cmd:touch $T/ran"
wont "nothing but a chip or its stand-in is spoken to" 2 "a TPM is at" copy status
[ ! -e "$T/ran" ] || fail "no program is run for a TPM" "it was"
cmp "$T/ruth/tries" "$T/copy/tries" || fail "that is no guess at the passphrase" "it was counted"

# Its own passphrase change keeps the TPM, and so does a rekey.
at one
must ruth passphrase --new-file "$T/old.pass"
cp "$T/old.pass" "$T/ruth.pass"
must ruth rekey
equal "the notes are there after a rekey" "$notes" "$(ids ruth)"
at none
wont "and the TPM is still needed" 4 "TPM" ruth status
at one
must ruth --json passphrase --no-tpm --new-file "$T/new.pass"
json "without it again" "d['tpm']" False
cp "$T/new.pass" "$T/ruth.pass"
at none
equal "the passphrase alone opens" "$notes" "$(ids ruth)"

# Guesses count in the TPM, too: copies of the folder, without its count, come to an end there.
at one
guess() {
    cp "$T/spare.tries" "$T/copy/tries"
    on copy --passphrase-file "$T/bad.pass" status
}
cp "$T/copy/tries" "$T/spare.tries"
echo "a guess that is wrong" >"$T/bad.pass"
guess
equal "a wrong passphrase with the right TPM" 7 "$status"
for _ in $(seq 40); do
    guess
    [ "$status" = 7 ] || break
done
equal "the TPM stops a guesser who puts the count back" 16 "$status"
has "and it is told what helps" "headquarters" "$err"
on copy status
equal "the right passphrase has to wait as well" 16 "$status"

# Headquarters' recovery needs no TPM.
at none
ok "two of three open the store without it" "$DAYBOOK" --light-kdf --store "$T/copy" recover \
    --new-file "$T/old.pass" --share "$T/a.share" --share "$T/c.share"
cp "$T/old.pass" "$T/copy.pass"
equal "with every note" "$notes" "$(ids copy)"
finish
