#!/usr/bin/env bash
# Goal: two relays behind one address share a log in PostgreSQL. Either may be killed. The primary
# is killed during load, its synchronous standby takes over, and nothing that was receipted is
# lost (P1).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server() { bash "$SRC/tests/postgres/server.sh" "$1" "$T/pg"; }
server start || { [ $? = 77 ] && exit 77; }
trap 'server stop; cleanup' EXIT
dsn=$(<"$T/pg/dsn")

# ---- two relays, one address ----------------------------------------------------------------
run "$DAYBOOK_RELAY" init "$T/relay" --dsn "$dsn password=secret"
equal "no password in the arguments" 2 "$status"
has "and it is said where it belongs" "pgpass" "$err"
[ ! -e "$T/relay" ] || fail "nothing was made"
ok "a relay with its log in a database" "$DAYBOOK_RELAY" init "$T/relay" --dsn "$dsn"
[ ! -e "$T/relay/relay.db" ] || fail "there is no file for the log"
cp -a "$T/relay" "$T/relay2" # the second machine's

# node N: starts relay N, on the port that it had
nodes=() ports=()
node() {
    local n=$1 folder=$T/relay
    [ "$n" = 0 ] || folder=$T/relay2
    : >"$T/node$n.out"
    "$DAYBOOK_RELAY" serve --data "$folder" --listen "127.0.0.1:${ports[$n]:-0}" \
        >"$T/node$n.out" 2>>"$T/relay.log" </dev/null &
    nodes[n]=$!
    others+=("$!")
    for _ in $(seq 200); do
        ! grep -q '^listening on ' "$T/node$n.out" || break
        sleep 0.05
    done
    ports[n]=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$T/node$n.out")
    [ -n "${ports[n]}" ] || fail "relay $n starts"
}
node 0
node 1

# What stands in front: each connection goes to the other relay, or to the one that is there.
cat >"$T/front.py" <<'PY'
import itertools, socket, sys, threading
ports = [int(p) for p in sys.argv[1:]]
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
turn = itertools.count()

def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

def serve(client):
    first = next(turn)
    for k in range(len(ports)):
        try:
            relay = socket.create_connection(("127.0.0.1", ports[(first + k) % len(ports)]))
            break
        except OSError:
            continue
    else:
        client.close()
        return
    threading.Thread(target=pump, args=(client, relay), daemon=True).start()
    pump(relay, client)

while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
PY
"$python" "$T/front.py" "${ports[@]}" >"$T/front.out" 2>/dev/null </dev/null &
others+=("$!")
for _ in $(seq 100); do [ -s "$T/front.out" ] && break; sleep 0.05; done
relay_url=https://127.0.0.1:$(<"$T/front.out")

passphrase_for admin
must admin org create "Op Willow" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
enrol amir officer "Op Willow"
enrol bethan officer "Op Willow"
for n in 1 2 3; do
    must amir add person name="Amir $n"
    must bethan add person name="Bethan $n"
    must amir sync
    must bethan sync
done
settle amir bethan admin
equal "what one brought to one relay the other has from the other" "$(ids amir)" "$(ids bethan)"
equal "all of it" 6 "$(ids admin | wc -l)"
for n in 0 1; do
    has "relay $n was asked" "event=request" "$(<"$T/relay.log")"
done
cp -a "$T/relay" "$T/third"
ok "sound, while both serve" "$DAYBOOK_RELAY" fsck --data "$T/third"
has "all of it" "^sound: [0-9]+ entries, 1 spaces" "$out"

kill -KILL "${nodes[0]}"
must amir add person name="While one relay is down"
must amir sync
must bethan sync
equal "the other one serves" 7 "$(ids bethan | wc -l)"
node 0

# Who is shut out by way of one is out at the other.
enrol carol officer "Op Willow"
must admin device revoke carol --reason lost
wont "at once" 6 "" carol sync

# ---- the primary is killed during load ------------------------------------------------------
ok "a standby" bash "$SRC/tests/postgres/server.sh" standby "$T/pg"
for i in $(seq 300); do
    printf '{"form":"person","fields":{"names":[{"kind":"legal","family":"Load %d"}]}}\n' "$i"
done >"$T/load.jsonl"
must amir import "$T/load.jsonl" --apply
(
    for i in $(seq 40); do
        "$DAYBOOK" --light-kdf --store "$T/bethan" --passphrase-file "$T/bethan.pass" \
            add person name="During $i" >>"$T/during.ids" 2>/dev/null
        "$DAYBOOK" --light-kdf --store "$T/bethan" --passphrase-file "$T/bethan.pass" sync \
            >/dev/null 2>&1 && wc -l <"$T/during.ids" >"$T/during.receipted"
    done
) &
load=$!
sleep 2
server kill
sleep 1
ok "the standby takes over" bash "$SRC/tests/postgres/server.sh" promote "$T/pg"
must amir sync || true
wait "$load"
receipted=$(<"$T/during.receipted")
[ "$receipted" -gt 5 ] || fail "some were receipted" "got: $receipted"
for _ in 1 2 3; do on bethan sync; done
must bethan sync
must amir sync
# From a device that comes only now: what the database holds, and nothing else.
enrol dora officer "Op Willow"
ids dora >"$T/dora.ids"
lost=$(sort "$T/during.ids" | comm -23 - "$T/dora.ids" | wc -l)
equal "nothing is lost" 0 "$lost"
equal "of both" "$(ids amir)" "$(<"$T/dora.ids")"
ok "and it is sound" "$DAYBOOK_RELAY" fsck --data "$T/third"
settle admin amir bethan dora
equal "state hashes agree" "$(state_hash amir "Op Willow")" "$(state_hash dora "Op Willow")"
finish
