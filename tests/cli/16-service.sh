#!/usr/bin/env bash
# Goal: the units in packaging/systemd fit the relay and keep it in: their exposure is at most 1.5,
# the relay serves on a socket that is passed, says when it is ready, and needs no system call that
# they don't leave it (A33).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
units=$SRC/packaging/systemd
service=$units/daybook-relay.service

# ---- exposure -------------------------------------------------------------------------------
analysed=no
if command -v systemd-analyze >/dev/null &&
    systemd-analyze security --offline=true "$service" >/dev/null 2>&1; then
    analysed=yes
    mkdir -p "$T/units/daybook-relay.service.d"
    cp "$service" "$T/units"
    cp "$units/database.conf" "$T/units/daybook-relay.service.d"
    for unit in "$service" "$T/units/daybook-relay.service"; do
        run systemd-analyze security --offline=true --no-pager --threshold=15 "$unit"
        equal "exposure of ${unit#"$SRC/"} is at most 1.5: $(tail -n 1 <<<"$out")" 0 "$status"
    done
    sed '/^Protect/d; /^SystemCallFilter/d' "$service" >"$T/units/weak.service"
    run systemd-analyze security --offline=true --threshold=15 "$T/units/weak.service"
    [ "$status" != 0 ] || fail "a unit that protects less is found out"
else
    echo "not shown here: exposure, as systemd-analyze can't do it offline"
fi

# ---- a socket that is passed ----------------------------------------------------------------
# passed COUNT KIND ARGUMENT...: as a service manager begins it; what it is told goes to $T/told
cat >"$T/passed.py" <<'PY'
import os, socket, sys, threading
told, count, kind, args = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
if kind == "tcp":
    s.listen(64)
path = told + ".sock"
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path)
child = os.fork()
if child == 0:
    os.dup2(s.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=count, NOTIFY_SOCKET=path)
    os.execv(args[0], args)
s.close()

def listen():
    while True:
        word = notify.recv(4096).decode()
        with open(told, "a") as f:
            f.write(word + "\n")
threading.Thread(target=listen, daemon=True).start()
print(child, flush=True)
status = os.waitpid(child, 0)[1]
os.unlink(path)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
PY
ok "a relay" "$DAYBOOK_RELAY" init "$T/relay"
: >"$T/told"
passed=("$python" "$T/passed.py" "$T/told")
for bad in "2 tcp" "1 udp"; do
    # shellcheck disable=SC2086
    run "${passed[@]}" $bad "$DAYBOOK_RELAY" serve --data "$T/relay"
    equal "not what a relay is passed: $bad" 2 "$status"
done
run "${passed[@]}" 1 tcp "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0
equal "one socket, not two" 2 "$status"
run "$DAYBOOK_RELAY" serve --data "$T/relay"
equal "without a socket an address is needed" 2 "$status"
run env LISTEN_PID=1 LISTEN_FDS=1 "$DAYBOOK_RELAY" serve --data "$T/relay" 3<"$service"
equal "a socket for another process isn't ours" 2 "$status"
equal "and nobody was told that it is ready" "" "$(<"$T/told")"

# as_service ARGUMENT...: on a passed socket, until it is told to end
as_service() {
    : >"$T/told"
    : >"$T/relay.out" # or what an earlier one printed may be read before the shell empties it
    "${passed[@]}" 1 tcp "$@" >"$T/relay.out" 2>>"$T/relay.log" </dev/null &
    others+=("$!")
    launcher=$!
    for _ in $(seq 200); do
        grep -q '^listening on ' "$T/relay.out" && break
        kill -0 "$launcher" 2>/dev/null || break
        sleep 0.05
    done
    relay_url=$(sed -n 's/^listening on //p' "$T/relay.out")
    [ -n "$relay_url" ] || fail "the relay starts as a service" "$(tail -n 3 "$T/relay.log")"
    main=$(head -n 1 "$T/relay.out")
    others+=("$main")
    for _ in $(seq 100); do
        grep -q READY=1 "$T/told" && break
        sleep 0.05
    done
    equal "it says that it is ready" "READY=1" "$(<"$T/told")"
    run curl -sS -k --max-time 20 "$relay_url/healthz"
    equal "and serves on the socket" "ok" "$out"
}
end_service() {
    local status=0
    kill -TERM "$main"
    wait "$launcher" || status=$?
    equal "a good end" 0 "$status"
    equal "which it tells" "READY=1 STOPPING=1" "$(paste -sd ' ' "$T/told")"
}
as_service "$DAYBOOK_RELAY" serve --data "$T/relay"
passphrase_for admin
must admin org create "Op Rowan" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
must admin add person name="Somebody"
must admin sync
end_service
if command -v systemd-socket-activate >/dev/null; then
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
    systemd-socket-activate -l "127.0.0.1:$port" "$DAYBOOK_RELAY" serve --data "$T/relay" \
        >"$T/activated" 2>&1 </dev/null &
    others+=("$!")
    activated=$!
    run curl -sS -k --retry 20 --retry-connrefused --retry-delay 1 --max-time 20 \
        "https://127.0.0.1:$port/healthz"
    equal "begun by its first connection" "ok" "$out"
    kill -TERM "$activated"
    wait "$activated" || true
fi

# ---- the units' own filter ------------------------------------------------------------------
# calls_of GROUP: the names in a group of systemd's, and in those that it holds
calls_of() {
    local line
    systemd-analyze syscall-filter "$1" 2>/dev/null | sed -n 's/^    \([-@a-z0-9_]*\)$/\1/p' |
        while read -r line; do
            case $line in
            @*) calls_of "$line" ;;
            *) echo "$line" ;;
            esac
        done
}
if [ "$analysed" = yes ]; then
    sed -n 's/^SystemCallFilter=//p' "$service" | while read -r line; do
        sign=+
        [ "${line:0:1}" != "~" ] || sign=-
        for word in ${line#\~}; do
            case $word in
            @*) calls_of "$word" | sed "s/^/$sign/" ;;
            *) echo "$sign$word" ;;
            esac
        done
    done | awk '{ n = substr($0, 2); if ($0 ~ /^\+/) allowed[n] = 1; else delete allowed[n] }
        END { for (n in allowed) print n }' >"$T/calls"
    [ "$(wc -l <"$T/calls")" -gt 200 ] || fail "the units' filter is understood" "$(<"$T/calls")"
    hasnt "the filter leaves no tracing" '^(ptrace|mount|kexec_load|bpf)$' "$(<"$T/calls")"
    run "$FILTERED" "$T/calls" /bin/true
    if [ "$status" = 0 ]; then
        mode=require
        ! ldd "$DAYBOOK_RELAY" | grep -q libasan || mode=on
        "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 --sandbox require \
            >/dev/null 2>"$T/err" </dev/null &
        others+=("$!")
        probe=$!
        for _ in $(seq 60); do
            grep -q 'event=start' "$T/err" && break
            kill -0 "$probe" 2>/dev/null || break
            sleep 0.05
        done
        kill -TERM "$probe" 2>/dev/null || mode=on # a kernel without Landlock
        wait "$probe" 2>/dev/null || true
        as_service "$FILTERED" "$T/calls" "$DAYBOOK_RELAY" serve --data "$T/relay" \
            --sandbox "$mode"
        [ "$mode" = on ] || has "shut in by itself as well" \
            'process=keeper landlock=[1-9][0-9]* seccomp=on' "$(tail -n 4 "$T/relay.log")"
        end_service
    else
        echo "not shown here: the units' filter, as there is no seccomp"
    fi
fi
ok "and the log is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
