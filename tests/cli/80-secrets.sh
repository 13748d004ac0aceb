#!/usr/bin/env bash
# Goal: what officers write, and the words that open it, are nowhere but in the sealed store: not
# in files, not at the relay (looked at with its own key, and in its memory), not in a folder that
# carries notes, not in argv or the environment (P3, security.md).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${PLAIN:?the program that deciphers the store of a relay}"
export TMPDIR=$T/tmp
mkdir "$TMPDIR"

words=(Quetzalcoatlus Featherstonehaugh 20RTC887766 "Unit Marmalade" "PC Wigglesworth"
    "Wigglesworth's notebook" marmosetsupper "contact" "fatal_rtc")
organisation "Unit Marmalade"
invite amir officer "Unit Marmalade"
must admin org invite --name "PC Wigglesworth" --role officer --space "Unit Marmalade"
printf '%s\n' "$out" >"$T/amir.invite"
echo "marmosetsupper on a tin roof" >"$T/amir.pass"
must amir join "$T/amir.invite" --device-name "Wigglesworth's notebook"
must admin org approve "PC Wigglesworth"
must amir sync
must amir add case ref=20RTC887766 kind=fatal_rtc
must amir add contact method=visit account="Quetzalcoatlus was seen by Mrs Featherstonehaugh"
id=$out
must amir edit "$id" account="Featherstonehaugh again, and Quetzalcoatlus"
must amir search Quetzalcoatlus
must amir sync
mkdir "$T/stick"
must amir sync --folder "$T/stick"
must admin sync

# The search can find what it looks for.
must admin export
for word in Quetzalcoatlus Featherstonehaugh 20RTC887766 contact fatal_rtc; do
    has "control: the export holds $word" "$word" "$out"
done

# clean WHAT PATH...: none of the words in these files, in any case of letters
clean() {
    local what=$1 word found
    shift
    for word in "${words[@]}"; do
        found=$(grep -rlaiF -e "$word" "$@" || true)
        equal "$what holds no \"$word\"" "" "$found"
    done
}
clean "the officer's store" "$T/amir"
clean "the administrator's store" "$T/admin"
clean "the relay's folder" "$T/relay"
clean "the relay's log" "$T/relay.log" "$T/relay.out"
clean "the folder that carries notes" "$T/stick"
equal "nothing was left in the folder for temporary files" "" "$(ls -A "$TMPDIR")"

# The relay's store under the relay's own key: what a thief of the whole server gets.
"$PLAIN" "$T/relay/relay.db" "$T/relay/relay.key" >"$T/plain"
must amir --json space list
space=$(py "d[0]['space']")
"$python" - "$T/plain" "$space" <<'PY' || fail "control: the space's id is in the relay's store"
import sys
sys.exit(0 if bytes.fromhex(sys.argv[2]) in open(sys.argv[1], "rb").read() else 1)
PY
checks=$((checks + 1))
clean "the relay's store, deciphered," "$T/plain"

# The relay's memory while it runs. Reading it needs root.
cat >"$T/scan.py" <<'PY'
import sys
pid, space, words = sys.argv[1], bytes.fromhex(sys.argv[2]), sys.argv[3:]
found, control = set(), False
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
    for line in maps:
        area, mode = line.split()[:2]
        if "rw" not in mode:
            continue
        start, end = (int(x, 16) for x in area.split("-"))
        if end - start > 1 << 30:  # a sanitizer's shadow
            continue
        try:
            memory.seek(start)
            data = memory.read(end - start)
        except (OSError, ValueError, OverflowError):
            continue
        control = control or space in data
        # "contact" is also a word of libraries; the officers' own words are not.
        found |= {w for w in words if w not in ("contact", "fatal_rtc") and w.encode() in data}
if not control:
    sys.exit("the space's id is not in memory: the wrong place was searched")
print(*found)
PY
if [ "$(id -u)" = 0 ] && [ -r "/proc/$relay_pid/mem" ]; then
    ok "the relay's memory can be searched" \
        "$python" "$T/scan.py" "$relay_pid" "$space" "${words[@]}"
    equal "the relay's memory holds none of the officers' words" "" "$out"
else
    echo "note: the relay's memory was not searched: that needs root"
fi

# Secrets are not in argv or the environment, and there is no option that would take one there.
wont "no option takes a passphrase" 2 "no such option" amir --passphrase secret status
DAYBOOK_PASSPHRASE=$(<"$T/amir.pass")
export DAYBOOK_PASSPHRASE
refused "nor is it read from the environment" 2 "terminal" \
    setsid "$DAYBOOK" --store "$T/amir" status
unset DAYBOOK_PASSPHRASE
"$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" sync >"$T/bg.out" 2>&1 </dev/null &
device_pid=$!
seen=
while kill -0 "$device_pid" 2>/dev/null; do
    seen+=$({ tr "\0" " " <"/proc/$device_pid/cmdline"; } 2>/dev/null || true)
    seen+=$({ tr "\0" " " <"/proc/$device_pid/environ"; } 2>/dev/null || true)
    seen+=$(grep 'core file' "/proc/$device_pid/limits" 2>/dev/null || true)
done
wait "$device_pid"
has "control: the program was watched" "passphrase-file" "$seen"
hasnt "the passphrase is not to be seen" "marmosetsupper" "$seen"
has "it leaves no core file" "Max core file size +0 +0" "$seen"

# A01: who gets the folder without a passphrase sees random bytes, under names that say nothing.
cat >"$T/random.py" <<'PY'
import collections, math, sys
data = open(sys.argv[1], "rb").read()
count = collections.Counter(data)
each = len(data) / 256
bits = -sum(n / len(data) * math.log2(n / len(data)) for n in count.values())
chi = sum((count[b] - each) ** 2 / each for b in range(256))
print(f"{len(data)} bytes: {bits:.4f} bits a byte, chi-square {chi:.0f}")
# Of random bytes chi-square is 255, give or take 23: one file in a hundred million is over 400.
sys.exit(0 if len(data) > 65536 and bits >= 7.99 and chi < 400 else 1)
PY
ok "A01: the store's bytes are random ones" "$python" "$T/random.py" "$T/amir/store.db"
echo "note: the store is $out"
run "$python" "$T/random.py" "$DAYBOOK"
equal "control: those of a program are not" 1 "$status"
names=$(cd "$T/amir" && find . -type f | sort)
for word in "${words[@]}" amir; do
    equal "A01: no file's name holds \"$word\"" "" "$(grep -iF -e "$word" <<<"$names" || true)"
done

# Files are their owner's only, and the store is no plain database.
for file in "$T"/amir/*; do
    equal "${file##*/} is its owner's only" 600 "$(stat -c %a "$file")"
done
equal "so is the folder" 700 "$(stat -c %a "$T/amir")"
hasnt "the store is no plain database" "SQLite format 3" \
    "$(head -c 16 "$T/amir/store.db" | tr -d '\0')"
finish
