# shellcheck shell=bash
# Shared by the scripts beside this file: the real programs, over TLS on 127.0.0.1, in one
# temporary folder that goes away with the script. Needs DAYBOOK and DAYBOOK_RELAY.
# The first check that fails ends the script, and says what was expected and what came.
set -euo pipefail
export LC_ALL=C.UTF-8
umask 077
unset DAYBOOK_STORE XDG_DATA_HOME XDG_STATE_HOME

: "${DAYBOOK:?the daybook program}" "${DAYBOOK_RELAY:?the daybook-relay program}"
SRC=${SRC:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
# Passphrases at a thousandth of their memory (tests/lib/quick), but not where that is looked at.
[ -z "${QUICK_KDF:-}" ] || [ -n "${TRUE_KDF:-}" ] || export LD_PRELOAD=$QUICK_KDF
python=/usr/bin/python3
[ -x "$python" ] || python=python3
T=$(mktemp -d "${TMPDIR:-/tmp}/daybook-cli.XXXXXX")
HOME=$T/home
mkdir "$HOME"
checks=0
relay_pid=
relay_url=
others=() # pids of further programs that a script began
mounted=

cleanup() {
    local status=$? pid
    if [ -n "$relay_pid" ]; then
        kill -KILL "$relay_pid" 2>/dev/null || true
        wait "$relay_pid" 2>/dev/null || true
    fi
    for pid in "${others[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [ -z "$mounted" ] || umount "$mounted" || true
    if [ -n "${KEEP:-}" ]; then echo "kept: $T"; else rm -rf "$T"; fi
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# ---- checks ---------------------------------------------------------------------------------
fail() {
    printf 'FAIL %s\n' "$1" >&2
    shift
    [ $# = 0 ] || printf '     %s\n' "$@" >&2
    if [ -s "$T/relay.log" ]; then
        printf '     the log of the relay ends with:\n%s\n' "$(tail -n 5 "$T/relay.log")" >&2
    fi
    exit 1
}

# equal WHAT EXPECTED GOT
equal() {
    [ "$2" = "$3" ] || fail "$1" "expected: $2" "got:      $3"
    checks=$((checks + 1))
}

# has WHAT PATTERN TEXT: the extended regular expression occurs in the text
has() {
    grep -Eq -e "$2" <<<"$3" || fail "$1" "expected a match of: $2" "got: $3"
    checks=$((checks + 1))
}

hasnt() {
    ! grep -Eq -e "$2" <<<"$3" || fail "$1" "expected no match of: $2" "got: $3"
    checks=$((checks + 1))
}

# flip FILE AT: changes a bit of the byte at AT, so that it is another byte whatever it was
flip() {
    "$python" - "$1" "$2" <<'PY'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte[0] ^ 0x20]))
PY
}

# run COMMAND...: sets status, out and err; never fails itself. No terminal, at most two minutes.
run() {
    status=0
    timeout -k 5 120 "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
    out=$(tr -d '\0' <"$T/out")
    err=$(tr -d '\0' <"$T/err")
}

# ok WHAT COMMAND...: exits with 0
ok() {
    local what=$1
    shift
    run "$@"
    [ "$status" = 0 ] || fail "$what" "command: ${*##*/}" "expected: exit status 0" \
        "got:      $status" "$err"
    checks=$((checks + 1))
}

# refused WHAT STATUS PATTERN COMMAND...: this exit status, and one sentence about it
refused() {
    local what=$1 expected=$2 pattern=$3 sentences
    shift 3
    run "$@"
    [ "$status" = "$expected" ] || fail "$what" "command: ${*##*/}" \
        "expected: exit status $expected" "got:      $status" "$err" "$out"
    sentences=$(grep -c '^daybook: ' <<<"$err" || true)
    [ "$sentences" = 1 ] || fail "$what" "expected: one sentence on standard error" "got: $err"
    has "$what" "^daybook: .*$pattern" "$err"
}

# py EXPRESSION: evaluated over the last answer: d is its first JSON line, rows are all
py() {
    "$python" -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin if line.strip()]
d = rows[0] if rows else None
print(eval(sys.argv[1]))' "$1" <<<"$out"
}

# json WHAT EXPRESSION EXPECTED: over the last answer
json() {
    local got
    got=$(py "$2" 2>&1) || fail "$1" "expression: $2" "error: $got" "answer: $out"
    [ "$got" = "$3" ] || fail "$1" "expression: $2" "expected: $3" "got:      $got"
    checks=$((checks + 1))
}

finish() { printf '%s: %d checks passed\n' "$(basename "$0" .sh)" "$checks"; }

# ---- programs -------------------------------------------------------------------------------
# on DEVICE ARGUMENT...: daybook on that device, with its passphrase from a file
on() {
    local device=$1
    shift
    run "$DAYBOOK" --light-kdf --store "$T/$device" --passphrase-file "$T/$device.pass" "$@"
}

# must DEVICE ARGUMENT...: and it has to work
must() {
    on "$@"
    [ "$status" = 0 ] || fail "daybook $* exits with $status" "$err" "$out"
}

# wont WHAT STATUS PATTERN DEVICE ARGUMENT...
wont() {
    local what=$1 expected=$2 pattern=$3 device=$4
    shift 4
    refused "$what" "$expected" "$pattern" \
        "$DAYBOOK" --store "$T/$device" --passphrase-file "$T/$device.pass" "$@"
}

passphrase_for() { printf '%s has a long passphrase of words\n' "$1" >"$T/$1.pass"; }

# The relay: port 0 at first; then the same port again, as its devices know it by its address.
# Further options of `serve` may follow.
relay_start() {
    local listen=${relay_url#https://} tries
    for tries in 1 2 3 4 5 6; do
        : >"$T/relay.out"
        "$DAYBOOK_RELAY" serve --data "$T/relay" --listen "${listen:-127.0.0.1:0}" "$@" \
            >"$T/relay.out" 2>>"$T/relay.log" </dev/null &
        relay_pid=$!
        while kill -0 "$relay_pid" 2>/dev/null; do
            if grep -q '^listening on ' "$T/relay.out"; then
                relay_url=$(sed -n 's/^listening on //p' "$T/relay.out")
                return
            fi
            sleep 0.02
        done
        wait "$relay_pid" || true
        sleep "0.$tries"
    done
    relay_pid=
    fail "the relay starts" "its log ends with: $(tail -n 3 "$T/relay.log")"
}

# relay_end SIGNAL: ends the relay that was started here
relay_end() {
    kill "-$1" "$relay_pid"
    wait "$relay_pid" 2>/dev/null || true
    relay_pid=
}

relay_new() {
    ok "the relay is made" "$DAYBOOK_RELAY" init "$T/relay"
    relay_start
}

# organisation NAME: a relay, and an organisation whose first administrator is device admin
organisation() {
    relay_new
    passphrase_for admin
    must admin org create "$1" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
}

# invite DEVICE ROLE SPACE...: into $T/DEVICE.invite; $until, if set, is when the role ends
invite() {
    local device=$1 role=$2 space spaces=()
    shift 2
    for space; do spaces+=(--space "$space"); done
    [ -z "${until:-}" ] || spaces+=(--until "$until")
    must admin org invite --name "$device" --role "$role" "${spaces[@]}"
    printf '%s\n' "$out" >"$T/$device.invite"
}

# enrol DEVICE ROLE SPACE...: invites, joins, approves and syncs it
enrol() {
    invite "$@"
    passphrase_for "$1"
    must "$1" join "$T/$1.invite" --device-name "$1's device"
    must admin org approve "$1"
    must "$1" sync
}

# ids DEVICE [ARGUMENT...]: the ids of all its records, sorted, one a line
ids() {
    local device=$1
    shift
    must "$device" --json list --withdrawn "$@"
    grep -o '^{"id":"[^"]*"' <<<"$out" | cut -d '"' -f 4 | sort
}

# settle DEVICE...: what they looked at is in a log, which is everybody's; then all hold the same
settle() {
    local device
    for device in "$@" "$@"; do must "$device" sync; done
}

# state_hash DEVICE SPACE: verifies everything; prints the space's state hash
state_hash() {
    must "$1" --json verify
    py "[s['state_hash'] for s in d['spaces'] if s['name'] == '$2'][0]"
}
