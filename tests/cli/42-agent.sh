#!/usr/bin/env bash
# Goal: the passphrase is typed once a shift; what was unlocked is locked again by hand, by time, by
# a signal and by a change of the store; the key is given to nobody else, and none of it stays in
# memory, argv, the environment or a core file (A08, A09, A10, security.md 4.3).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export XDG_RUNTIME_DIR=$T/run
mkdir "$XDG_RUNTIME_DIR"

# plain DEVICE ARGUMENT...: without a terminal or a passphrase: only an agent can help
plain() {
    local device=$1
    shift
    run setsid "$DAYBOOK" --store "$T/$device" "$@"
}
locked() {
    plain amir status
    equal "$1: locked" 2 "$status"
    equal "$1: no socket is left" "" "$(ls "$XDG_RUNTIME_DIR/daybook")"
}
unlock() { must amir unlock "$@"; }
# The process that the socket's other end belongs to.
agent_pid() {
    "$python" - "$XDG_RUNTIME_DIR"/daybook/agent-* <<'PY'
import socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print(struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
PY
}
# waits_locked WHAT: five seconds at most
waits_locked() {
    local tries
    for ((tries = 0; tries < 50; tries++)); do
        [ -n "$(ls "$XDG_RUNTIME_DIR/daybook")" ] || break
        sleep 0.1
    done
    locked "$1"
}

# gone WHAT PID: it has ended, whether or not someone has looked at its status
gone() {
    local tries
    for ((tries = 0; tries < 50; tries++)); do
        grep -q '^State:.*(\(sleeping\|running\|disk\)' "/proc/$2/status" 2>/dev/null || break
        sleep 0.1
    done
    [ "$tries" -lt 50 ] || fail "$1" "process $2 still runs"
    checks=$((checks + 1))
}

passphrase_for admin
organisation Unit
enrol amir officer Unit
must amir add contact method=visit account="Quetzalcoatlus was seen"
plain amir status
equal "control: without an agent the passphrase is asked for" 2 "$status"

unlock --for 1h --idle 30m
has "it says for how long" "Unlocked for 60 minutes.*30" "$out"
plain amir search Quetzalcoatlus
equal "an unlocked store needs no passphrase" 0 "$status"
has "and is read" "Quetzalcoatlus" "$out"
plain admin status
equal "another store stays locked" 2 "$status"
socket=$(echo "$XDG_RUNTIME_DIR"/daybook/agent-*)
equal "the socket is its owner's only" 600 "$(stat -c %a "$socket")"
wont "a wrong passphrase is not covered up by the agent" 7 "passphrase" admin \
    --passphrase-file "$T/amir.pass" status

pid=$(agent_pid)
words=$({ cat "/proc/$pid/cmdline" "/proc/$pid/environ" 2>/dev/null || true; } | tr '\0' ' ')
has "control: the agent was looked at" "--key-fd" "$words"
hasnt "its argv and environment hold no passphrase" "long passphrase" "$words"
has "A09: it leaves no core file" "Max core file size +0 +0" "$(cat "/proc/$pid/limits")"
equal "it holds no descriptor that it was not meant to have" "" \
    "$(find "/proc/$pid/fd" -lname "$T/amir*" -o -lname "$T/*.pass")"

# What the agent's memory holds, with the key as the agent itself gives it. Reading needs root.
cat >"$T/scan.py" <<'PY'
import socket, sys
pid, path, words = sys.argv[1], sys.argv[2], [w.encode() for w in sys.argv[3:]]
s = socket.socket(socket.AF_UNIX)
s.connect(path)
s.sendall(b"DBKA\1\2\0\0")
answer = b""
while len(answer) < 40:
    more = s.recv(40)
    if not more:
        break
    answer += more
key = answer[8:]
assert len(answer) == 40 and answer[5] == 0 and any(key), answer[:8]
data = b""
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
    for line in maps:
        area, mode = line.split()[:2]
        start, end = (int(x, 16) for x in area.split("-"))
        if "rw" in mode and end - start <= 1 << 30:
            try:
                memory.seek(start)
                data += memory.read(end - start) + b"\0"
            except (OSError, ValueError, OverflowError):
                pass
print("keys", data.count(key), "texts", sum(data.count(w) for w in words))
PY
if [ "$(id -u)" = 0 ] && [ -r "/proc/$pid/mem" ]; then
    ok "the agent's memory can be searched" "$python" "$T/scan.py" "$pid" "$socket" \
        "long passphrase" Quetzalcoatlus
    equal "A08: it holds the key once, and neither passphrase nor notes" "keys 1 texts 0" "$out"
else
    echo "note: the agent's memory was not searched: that needs root"
fi

# Half a request, junk and a crowd: each has its own quarter of a second, and the agent lives.
"$python" - "$socket" <<'PY' || fail "the agent outlives what isn't a request"
import socket, sys, time
def ask(data):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(sys.argv[1])
    s.sendall(data)
    return s
begin = time.monotonic()
assert ask(b"DBKA").recv(40) == b""
assert 0.2 < time.monotonic() - begin < 2
for junk in (b"GET / HT", b"DBKA\2\1\0\0", b"DBKA\1\11\0\0", b"DBKA\1\1\0\1", b"DBKA\1\0\0\0"):
    assert ask(junk).recv(40) == b"", junk
crowd = [ask(b"DBKA\1\2\0\0") for _ in range(12)]
assert all(len(s.recv(40, socket.MSG_WAITALL)) == 40 for s in crowd)
PY
checks=$((checks + 1))

# A10: from the request to the wiped key, and the process is gone.
took=$("$python" - "$socket" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
begin = time.monotonic()
s.sendall(b"DBKA\1\3\0\0")
answer = s.recv(40, socket.MSG_WAITALL)
took = (time.monotonic() - begin) * 1000
assert len(answer) == 40 and not any(answer[8:])
print(round(took, 1))
PY
)
echo "note: lock took $took ms"
equal "A10: lock wipes within 100 ms" 1 "$("$python" -c "print(int($took <= 100))")"
waits_locked "after lock"
gone "and its process is gone" "$pid"
must amir lock
has "locking what is locked is nothing" "already" "$out"

unlock --for 2s
waits_locked "after the absolute limit"
unlock --idle 2s
for ((n = 0; n < 4; n++)); do
    sleep 0.8
    plain amir status
    equal "use keeps it unlocked" 0 "$status"
done
waits_locked "after the idle limit"
for signal in TERM HUP INT; do
    unlock
    kill "-$signal" "$(agent_pid)"
    waits_locked "after SIG$signal"
done
unlock
echo "another one with many words" >"$T/new.pass"
must amir passphrase --new-file "$T/new.pass"
mv "$T/new.pass" "$T/amir.pass"
plain amir status
equal "after a new passphrase no key is given" 2 "$status"
waits_locked "after a new passphrase"
unlock
mv "$T/amir" "$T/moved"
for ((n = 0; n < 50; n++)); do
    [ -n "$(ls "$XDG_RUNTIME_DIR/daybook")" ] || break
    sleep 0.1
done
mv "$T/moved" "$T/amir"
locked "after the folder went away"
unlock
first=$(agent_pid)
unlock
equal "a second unlock replaces the first agent" no \
    "$([ "$(agent_pid)" = "$first" ] && echo yes || echo no)"

# A watch has no key of its own: it stops when the agent locks.
"$DAYBOOK" --store "$T/amir" sync --watch >"$T/watch.out" 2>"$T/watch.err" </dev/null &
others+=("$!")
sleep 1
must amir lock
for ((n = 0; n < 300; n++)); do grep -q "locked" "$T/watch.err" && break || sleep 0.1; done
has "a watch says that the store is locked" "until .daybook unlock" "$(cat "$T/watch.err")"
kill -TERM "${others[-1]}"
unlock

# A09: a crash of an unlocked agent leaves nothing, whatever limits it was begun with.
pid=$(agent_pid)
kill -SEGV "$pid"
gone "a crash ends it" "$pid"
equal "A09: no core file" "" "$(find "$T" / -maxdepth 1 -name 'core*' -type f)"
plain amir status
equal "a killed agent is as good as locked" 2 "$status"
unlock
plain amir status
equal "and its socket is no hindrance" 0 "$status"
must amir lock

# In the foreground, for a service manager; and A09 as the shell sees it.
(cd "$T" && ulimit -c unlimited && exec "$DAYBOOK" --store "$T/amir" \
    --passphrase-file "$T/amir.pass" agent >"$T/fg.out" 2>"$T/fg.err" </dev/null) &
foreground=$!
others+=("$foreground")
for ((n = 0; n < 100; n++)); do grep -q Unlocked "$T/fg.err" 2>/dev/null && break || sleep 0.1; done
plain amir status
equal "the agent in the foreground serves" 0 "$status"
if [ "$(id -u)" != 0 ]; then
    equal "A09: nobody else of this user reads its memory" no \
        "$(head -c 1 "/proc/$foreground/mem" 2>&1 | grep -q denied && echo no || echo yes)"
fi
kill -ABRT "$foreground"
ended=0
wait "$foreground" || ended=$?
equal "it ended by the signal" 134 "$ended"
equal "A09: no core file, also with ulimit -c unlimited" "" \
    "$(find "$T" -maxdepth 1 -name 'core*' -type f)"
wont "a time that isn't one" 2 "a time like" amir unlock --for soon
wont "nor more than a day" 2 "a time like" amir unlock --for 25h
finish
