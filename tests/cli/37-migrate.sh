#!/usr/bin/env bash
# Goal: a relay's log moves from its folder into a PostgreSQL database with every receipt, proof and
# cosignature intact: devices notice nothing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server() { bash "$SRC/tests/postgres/server.sh" "$1" "$T/pg"; }
server start || { [ $? = 77 ] && exit 77; }
trap 'server stop; cleanup' EXIT
dsn=$(<"$T/pg/dsn")

organisation "Op Alder"
enrol amir officer "Op Alder"
for n in 1 2 3; do must amir add person name="Amir $n"; done
must amir sync
must admin sync
run "$DAYBOOK_RELAY" migrate --data "$T/relay" --to "$dsn"
equal "not while the relay runs" 17 "$status"
relay_end TERM
ok "the log as it is" "$DAYBOOK_RELAY" fsck --data "$T/relay"
before=${out#sound: }

run "$DAYBOOK_RELAY" migrate --data "$T/relay"
equal "where to?" 2 "$status"
run "$DAYBOOK_RELAY" migrate --data "$T/relay" --to "$dsn password=secret"
equal "no password in the arguments" 2 "$status"
run "$DAYBOOK_RELAY" migrate --data "$T/relay" --to "host=$T/nobody user=x dbname=x"
equal "nobody is there" 17 "$status"
[ ! -e "$T/relay/relay.dsn" ] || fail "nothing has changed"
ok "it moves" "$DAYBOOK_RELAY" migrate --data "$T/relay" --to "$dsn"
equal "all of it" "moved: $before" "$(head -n 1 <<<"$out")"
run "$DAYBOOK_RELAY" migrate --data "$T/relay" --to "$dsn"
equal "once" 5 "$status"
ok "sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
equal "and the same" "sound: $before" "$out"
rm "$T/relay/relay.db"

relay_start
must amir --json sync
json "nothing is amiss, nothing is sent again" "(d['relay_restored'], d['sent'])" "(False, 0)"
must amir add person name="After the move"
must amir sync
must admin sync
enrol bethan officer "Op Alder"
equal "who comes later has all" "$(ids amir)" "$(ids bethan)"
settle admin amir bethan
equal "and the same" "$(state_hash amir "Op Alder")" "$(state_hash bethan "Op Alder")"
run "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/backups"
equal "a database has its own backups" 2 "$status"
has "and it says so" "back up the database, and relay\.key" "$err"
[ ! -e "$T/backups" ] || fail "nothing was made"
ok "how it does" "$DAYBOOK_RELAY" status --data "$T/relay" --json
json "is told of a database" "d['in_database'], d['segments'] >= 4" "(True, True)"
json "and its server" "'https://' + d['serves']" "$relay_url"
relay_end TERM
run "$DAYBOOK_RELAY" init "$T/other" --dsn "$dsn"
equal "one relay's log to a database" 5 "$status"
finish
