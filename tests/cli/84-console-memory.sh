#!/usr/bin/env bash
# Goal: the console holds neither key nor note: when pages have read and written notes through it,
# and the passphrase was typed into one, nothing of that is in its memory, freed or not (P3, A08).
TRUE_KDF=yes
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib-console.sh"
: "${RESIDUE:?the program that searches the memory of a program}"
text=quetzalcoatlus
said=featherstonehaugh
organisation Unit
enrol amir officer Unit
note=$(on amir add contact method=visit account="the $text was here"; echo "$out")
amir_passphrase=$(<"$T/amir.pass")
secret() { printf '%s %s\n' "$1" "$(printf %s "$2" | od -An -v -tx1 | tr -d ' \n')"; }
{
    secret text "$text"
    secret said "$said"
    secret passphrase "$amir_passphrase"
} >"$T/secrets"

console_start amir "$RESIDUE" "$T/secrets" "$T/report"
enter
page unlock "{\"passphrase\":\"$amir_passphrase\"}"
has "the passphrase is typed into a page" '"unlocked":true' "$out"
for _ in 1 2 3 4 5; do
    page run "{\"argv\":[\"show\",\"--\",\"$note\"]}"
    has "a page reads" "$text" "$out"
    page run "{\"argv\":[\"edit\",\"--\",\"$note\",\"account=$said and $text\"]}"
    has "a page writes" '"done":"saved"' "$out"
done
page run "{\"argv\":[\"show\",\"--\",\"$note\"]}"
has "what it wrote is there" "$said" "$out"
page run "{\"argv\":[\"add\",\"nonsense\",\"--\",\"account=$said\"]}"
page lock '{}'
kill -TERM "$(pgrep -P "$console_pid")"
wait "$console_pid" || fail "it ends in order"
has "control: what a page writes passes through it" '^said [1-9]' "$(<"$T/report")"
equal "A08: nothing is left in it" "" "$(grep -v ' 0$' "$T/report" || true)"
finish
