# shellcheck shell=bash
# Sourced by the benchmarks of the console beside this file: makes, once, two stores of many
# records in a folder: `desk` of headquarters, who took them in, and `amir`, an officer who got all
# of them; the same ones are disputed on both, some are in a restricted space, and both were used.
# console_store RECORDS FOLDER: sets T; a folder that holds them already is used as it is.
# shellcheck source=tests/cli/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

unit="Family Liaison Unit"
disputes=100
long() {
    timeout -k 5 1800 "$DAYBOOK" --light-kdf --store "$T/$1" --passphrase-file "$T/$1.pass" \
        "${@:2}" >"$T/out" 2>"$T/err" || fail "$*" "$(cat "$T/err")"
}

dispute() {
    local id ids
    must desk --json list --limit "$disputes" case
    ids=$(py '"\n".join(r["id"] for r in rows)')
    for id in $ids; do
        must amir edit "$id" la_area=walsall
        must desk edit "$id" la_area=dudley summary="Another junction"
    done
}

# Before there is anything to fetch: each administrator would fetch all of it.
closed_space() {
    local proposal
    enrol chief admin "$unit"
    on admin space create Nightingale --restricted --member chief=hq --member desk=hq
    proposal=$(grep -oE "[0-9a-f]{8}$" <<<"$err")
    must chief org proposals
    must chief org agree "$proposal"
    must desk sync
    for i in {01..20}; do
        must desk add person --space Nightingale name="Maria Khan" dob="1984-03-$i"
    done
}

store_new() {
    HOME=$T/home
    mkdir -p "$HOME"
    organisation "$unit"
    enrol desk hq "$unit"
    enrol amir officer "$unit"
    closed_space
    "$python" "$SRC/tests/bench/records.py" "$1" >"$T/records.jsonl"
    long desk import "$T/records.jsonl" --space "$unit" --apply
    rm "$T/records.jsonl"
    long desk sync
    long amir sync
    dispute
    for device in amir desk amir; do long $device sync; done
    relay_end TERM
    : >"$T/made"
}

console_store() {
    KEEP=${2:+1}
    [ -z "${2:-}" ] || { rm -rf "$T" && T=$2 && mkdir -p "$T"; }
    [ -e "$T/made" ] || store_new "$1"
    HOME=$T/home
    XDG_RUNTIME_DIR=$T/run
    export HOME XDG_RUNTIME_DIR
    mkdir -p -m 700 "$XDG_RUNTIME_DIR"
}
