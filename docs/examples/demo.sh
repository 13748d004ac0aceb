#!/usr/bin/env bash
# A day with Daybook: a relay, an administrator, a headquarters desk and two officers, all on this
# machine, in one folder. Run by ./dev demo, which says where the programs are.
set -euo pipefail
export LC_ALL=C.UTF-8
umask 077
unset DAYBOOK_STORE

: "${DAYBOOK:?run ./dev demo}" "${DAYBOOK_RELAY:?run ./dev demo}" "${SRC:?run ./dev demo}"
unit="Family Liaison Unit"
airport="Operation Limelight"
folder=$(mktemp -d "${TMPDIR:-/tmp}/daybook-demo.XXXXXX")
relay_pid=
relay_url=
began=$SECONDS

leave() {
    local status=$?
    [ -z "$relay_pid" ] || relay_off
    [ "$status" = 0 ] || printf '\nThe demo failed. What it did is in %s\n' "$folder" >&2
    exit "$status"
}
trap leave EXIT
trap 'exit 130' INT TERM

# ---- telling --------------------------------------------------------------------------------
step=0
chapter() {
    step=$((step + 1))
    printf '\n%d. %s\n%s\n' $step "$1" "$(printf '%*s' $((${#1} + 3)) '' | tr ' ' '-')"
}

say() { printf '%s\n' "$*" | fold -s -w 80 | sed 's/ *$//'; }

wrong() { say "This should not happen: $*" >&2; exit 1; }

# The command as one would type it.
typed() {
    local word line=daybook
    for word; do
        case $word in
        *[!A-Za-z0-9_./:=@+-]*) line+=" '${word//\'/\'\\\'\'}'" ;;
        *) line+=" $word" ;;
        esac
    done
    printf '%s' "$line"
}

# ---- devices and relay ----------------------------------------------------------------------
declare -A names=([admin]="Administrator's computer" [desk]="Headquarters desk"
    [amir]="Amir's laptop" [bethan]="Bethan's laptop")

# quiet DEVICE ARGUMENT...: not shown
quiet() {
    local device=$1
    shift
    "$DAYBOOK" --store "$folder/$device" --passphrase-file "$folder/$device.passphrase" "$@" </dev/null
}

# on DEVICE ARGUMENT...: shown, with what it answers
on() {
    local device=$1 status=0
    shift
    printf '\n%s $ %s\n' "${names[$device]}" "$(typed "$@")"
    quiet "$device" "$@" >"$folder/answer" 2>&1 || status=$?
    sed 's/^/    /' "$folder/answer"
    return $status
}

# The passphrase that a person would type stands in a file of the folder here.
new_device() { head -c 18 /dev/urandom | base64 >"$folder/$1.passphrase"; }

relay_on() {
    : >"$folder/relay.out"
    "$DAYBOOK_RELAY" serve --data "$folder/relay" --listen "${relay_url:-127.0.0.1:0}" \
        >"$folder/relay.out" 2>>"$folder/relay.log" </dev/null &
    relay_pid=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        if grep -q '^listening on ' "$folder/relay.out"; then
            relay_url=$(sed -n 's|^listening on https://||p' "$folder/relay.out")
            return
        fi
        kill -0 "$relay_pid" 2>/dev/null || break
        sleep 0.05
    done
    wrong "the relay does not start; see $folder/relay.log"
}

relay_off() {
    kill "$relay_pid" 2>/dev/null || true
    wait "$relay_pid" 2>/dev/null || true
    relay_pid=
}
