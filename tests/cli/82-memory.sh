#!/usr/bin/env bash
# Goal: a command that ends has wiped what it worked with. Passphrase, keys and the words of notes
# aren't in its memory any more, freed or not; argv, environment and diagnostics never held them,
# and no core file can (A08, A09, F3, security.md 4.3).
TRUE_KDF=yes
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${RESIDUE:?the program that searches the memory of a program}" "${PLAIN:?}" "${EPOCHKEYS:?}"
export XDG_RUNTIME_DIR=$T/run
mkdir "$XDG_RUNTIME_DIR"

text=quetzalcoatlus
said=featherstonehaugh
passphrase=marmosetsupperbridge
organisation Unit
invite amir officer Unit
echo "$passphrase" >"$T/amir.pass"
must amir join "$T/amir.invite" --device-name "Amir's notebook"
must admin org approve amir
must amir sync
must amir add contact method=visit account="the $text was seen by $said"
note=$out
must amir sync

# The keys: the store's as the agent gives it, the device's as they lie in the store, the space's
# as the device opens it.
must amir unlock
"$python" - "$XDG_RUNTIME_DIR"/daybook/agent-* "$T/store.key" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"DBKA\1\2\0\0")
answer = s.recv(40, socket.MSG_WAITALL)
assert len(answer) == 40 and answer[5] == 0
open(sys.argv[2], "wb").write(answer[8:])
PY
must amir lock
"$PLAIN" "$T/amir/store.db" "$T/store.key" >"$T/rows"
cat >"$T/secrets.py" <<'PY'
import sys
rows, key, words = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read(), sys.argv[3:]
print("store_key", key.hex())
for name in ("key.sign", "key.kem", "key.request"):
    at = rows.index(b"meta\t" + name.encode() + b"\t") + 6 + len(name)
    print(name, rows[at : at + 32].hex())
for word in words:
    print(word, word.encode().hex())
PY
"$python" "$T/secrets.py" "$T/rows" "$T/store.key" "$text" "$said" "$passphrase" >"$T/secrets"
"$EPOCHKEYS" "$T/amir" "$T/store.key" >>"$T/secrets"
rm "$T/rows" "$T/store.key"
equal "there are keys and words to search for" 8 "$(wc -l <"$T/secrets")"

# A program that wipes nothing: the search finds what it should.
ok "control: what isn't wiped is found" "$RESIDUE" "$T/secrets" "$T/report" "$python" -c '
import base64, os, sys
text = sys.argv[1].encode()
kept = [text, sys.argv[1].encode("utf-16-le"), text.hex().encode()]
kept += [base64.b64encode(b"xy"[:n] + text) for n in range(3)]
os._exit(0)' "$text"
left=$(sed -n "s/^$text [0-9]* //p" "$T/report")
[ "$left" -ge 6 ] || fail "control: in each of the encodings" "$(cat "$T/report")"

# wiped WHAT WORDS COMMAND...: it works, with these in its memory at some time, and none at its end
wiped() {
    local what=$1 expected=$2 word left
    shift 2
    ok "$what" "$RESIDUE" "$T/secrets" "$T/report" "$DAYBOOK" --store "$T/amir" \
        --passphrase-file "$T/amir.pass" "$@"
    for word in $expected; do
        grep -q "^$word [1-9]" "$T/report" ||
            fail "control: $what has $word in memory while it works" "$(cat "$T/report")"
    done
    left=$(grep -v ' 0$' "$T/report" || true)
    equal "A08: $what leaves nothing in its memory" "" "$left"
    hasnt "what it says beside its answer holds no word" "$text|$said|$passphrase" "$err"
}
wiped "status" "store_key $passphrase" status
wiped "show" "$text $said epoch_key_0" show "$note"
has "control: and shows the note" "$text was seen by $said" "$out"
wiped "show --json" "$text" --json show "$note"
wiped "list" "store_key" list
wiped "list --json" "store_key" --json list
wiped "search" "store_key" search seen
wiped "history" "$text" history "$note"
wiped "history --json" "$text" --json history "$note"
wiped "export" "$text" export
wiped "forms" "" forms
wiped "verify" "store_key" verify
wiped "sync with nothing to do" "key.request" sync
echo '{"form":"contact","fields":{"method":"visit","account":"'"$text"' again"}}' >"$T/in.json"
must amir add contact method=visit account="another $text for $said"
wiped "sync that sends" "store_key epoch_key_0" sync
must admin add contact method=visit account="the $text of the administrator"
must admin sync
wiped "sync that receives" "store_key epoch_key_0" sync
wiped "unlock" "$passphrase" unlock
must amir lock

# A command with a note in its arguments: argv is what its caller wrote, and no copy is beside it.
ok "add" "$RESIDUE" "$T/secrets" "$T/report" "$DAYBOOK" --store "$T/amir" \
    --passphrase-file "$T/amir.pass" add contact method=visit account="$text"
equal "A08: add leaves nothing but its own arguments" "$text 1" \
    "$(awk '$3 > 0 { print $1, $3 }' "$T/report")"
finish
