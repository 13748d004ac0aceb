#!/usr/bin/env bash
# Goal: `sync --watch` brings news by itself, leaves the store free for writing in between, outlasts
# an absent relay, and ends in good order.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# waits WHAT PATTERN FILE: for a line, a minute at most
waits() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        if grep -Eq -e "$2" "$3"; then
            checks=$((checks + 1))
            return
        fi
        sleep 0.1
    done
    fail "$1" "expected a match of: $2" "got: $(<"$3")"
}

organisation Unit
enrol amir officer Unit
enrol desk hq Unit
"$DAYBOOK" --store "$T/desk" --passphrase-file "$T/desk.pass" sync --watch \
    >"$T/watch.out" 2>"$T/watch.err" </dev/null &
watcher=$!
others+=("$watcher")
must amir add contact method=visit account="News for the desk"
note=$out
must amir sync
waits "news arrives by itself" "Fetched 1 change: 1 new record" "$T/watch.out"

# In between the store is free: at the worst one waits for an exchange to end.
for ((tries = 0; tries < 50; tries++)); do
    on desk show "$note"
    [ "$status" = 17 ] || break
    sleep 0.2
done
has "the desk can read meanwhile" "News for the desk" "$out"

relay_end TERM
waits "an absent relay is said" "cannot be reached.*trying again" "$T/watch.err"
kill -0 "$watcher" || fail "it goes on watching"
kill -TERM "$watcher"
ended=0
wait "$watcher" || ended=$?
equal "it ends in good order" 0 "$ended"
must desk --json verify
json "and leaves the store whole" "d['whole']" True
finish
