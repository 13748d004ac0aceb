#!/usr/bin/env bash
# Goal: a relay is two processes. Whoever has taken over the one on the network has neither the log
# nor its keys, whoever has taken over the other has no network, and neither can run, open or reach
# what it doesn't need (A33). Shown on the real processes: another program makes the calls in their
# place. When one ends, so does the other, and nothing is lost.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# ---- what is said ---------------------------------------------------------------------------
ok "a relay" "$DAYBOOK_RELAY" init "$T/relay"
serve() {
    run timeout -s TERM 2 "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 "$@"
}
run "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 --sandbox maybe
equal "there are three words for it" 2 "$status"
run "$DAYBOOK_RELAY" keep --data "$T/relay" --listen 127.0.0.1:1
equal "nobody begins the keeper by hand" 2 "$status"
serve --sandbox off
for process in front keeper; do
    has "who serves without is told so" \
        "event=sandbox process=$process landlock=none reason=told-to seccomp=none" "$err"
done
serve --sandbox require
if [ "$status" = 6 ]; then
    has "a kernel without it is said" 'event=sandbox .*none reason=' "$err"
    has "and the relay refuses" 'require' "$err"
    echo "skipped: $err"
    exit 77
fi
for process in front keeper; do
    has "the walls stand" "event=sandbox process=$process landlock=[1-9][0-9]* seccomp=on" "$err"
done
rm -r "$T/relay"

# ---- a whole story behind them --------------------------------------------------------------
ok "a relay again" "$DAYBOOK_RELAY" init "$T/relay"
relay_start --metrics 127.0.0.1:0
run curl -sS --max-time 20 "$(sed -n 's/^metrics on //p' "$T/relay.out")"
has "monitoring is told of both walls" '^daybook_relay_sandbox_walls 2$' "$out"
relay_end TERM
relay_start
passphrase_for admin
must admin org create "Op Rowan" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
enrol amir officer "Op Rowan"
must amir add person name="Somebody"
must amir sync
must admin sync
equal "notes arrive" 1 "$(ids admin | wc -l)"

# The two: the one that was started, and its child.
keeper_of() {
    { grep -l "^PPid:[[:space:]]*$relay_pid\$" /proc/[0-9]*/status 2>/dev/null || true; } |
        cut -d / -f 3 # others come and go meanwhile
}
front=$relay_pid
keeper=$(keeper_of)
for pid in "$front" "$keeper"; do
    for thread in /proc/"$pid"/task/*; do
        has "each thread is held" 'NoNewPrivs:\s1' "$(<"$thread/status")"
        has "each thread's calls are" 'Seccomp:\s2' "$(<"$thread/status")"
    done
done

# ---- what each holds ------------------------------------------------------------------------
files_of() { find "/proc/$1/fd" -maxdepth 1 -type l -printf '%l\n' 2>/dev/null; }
may_look=no # a process that may not be dumped is closed to others of its user
[ -z "$(files_of "$keeper")" ] || may_look=yes
if [ $may_look = yes ]; then
    has "the keeper has the log open" '/relay\.db$' "$(files_of "$keeper")"
    hasnt "the front has not" 'relay\.(db|key|lock)' "$(files_of "$front")"
fi
# sockets_of PID: how many sockets of its own the Internet could reach
cat >"$T/sockets.py" <<'PY'
import os, re, sys
pid = sys.argv[1]
inodes = set()
for fd in os.listdir(f"/proc/{pid}/fd"):
    if found := re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}")):
        inodes.add(found[1])
count = 0
for kind in "tcp", "tcp6", "udp", "udp6", "raw", "packet":
    try:
        rows = open(f"/proc/{pid}/net/{kind}").read().split("\n")[1:]
    except OSError:
        continue
    count += sum(bool(inodes & set(row.split())) for row in rows)
print(count)
PY
sockets_of() { "$python" "$T/sockets.py" "$1"; }
if [ $may_look = yes ]; then
    equal "the front listens" 1 "$(sockets_of "$front")"
    equal "the keeper has no network" 0 "$(sockets_of "$keeper")"
fi

# copies PID: how often relay.key stands in its memory, raw or as SQLCipher is given it
cat >"$T/copies.py" <<'PY'
import sys
pid, key = sys.argv[1], open(sys.argv[2], "rb").read()
needles = (key, key.hex().encode())
found = 0
with open(f"/proc/{pid}/mem", "rb", 0) as mem:
    for line in open(f"/proc/{pid}/maps"):
        span, rights = line.split()[:2]
        if not rights.startswith("rw"):
            continue
        first, last = (int(x, 16) for x in span.split("-"))
        try:
            mem.seek(first)
            part = mem.read(last - first)
        except (OSError, OverflowError, ValueError):
            continue
        found += sum(part.count(n) for n in needles)
print(found)
PY
run "$python" "$T/copies.py" "$keeper" "$T/relay/relay.key"
if [ "$status" = 0 ] && [ "$out" -gt 0 ]; then
    run "$python" "$T/copies.py" "$front" "$T/relay/relay.key"
    equal "the log's key isn't in the front's memory" 0 "$out"
else
    echo "not shown here: a process's memory can't be read"
fi

# ---- one ends with the other ----------------------------------------------------------------
keeper=$(keeper_of)
kill -KILL "$keeper"
status=0
wait "$relay_pid" || status=$?
equal "without its keeper the front ends, and fails" 12 "$status"
has "and says so" 'event=stop reason=keeper' "$(tail -n 3 "$T/relay.log")"
relay_start
keeper=$(keeper_of)
relay_end KILL
for _ in $(seq 100); do
    kill -0 "$keeper" 2>/dev/null || break
    sleep 0.05
done
! kill -0 "$keeper" 2>/dev/null || fail "without its front the keeper ends"
relay_start
kill -TERM "$(keeper_of)"
must amir sync
kill -TERM "$(keeper_of)" "$relay_pid" # as a service manager stops a service
status=0
wait "$relay_pid" || status=$?
relay_pid=
equal "both are told to stop: a good end" 0 "$status"

# ---- and it goes on -------------------------------------------------------------------------
relay_start
must amir add person name="Another"
must amir sync
must admin sync
equal "nothing was lost by it" 2 "$(ids admin | wc -l)"
relay_end TERM
relay_start

# ---- taken over -----------------------------------------------------------------------------
# attempt PROCESS WHAT EXPECTED ARGUMENT...
attempt() {
    local process=$1 what="$1: $2" expected=$3 pid
    shift 3
    keeper=$(keeper_of)
    pid=$relay_pid
    [ "$process" = front ] || pid=$keeper
    run "$TAKEOVER" "$pid" "$@"
    if [ "$status" = 77 ]; then
        echo "skipped: $err"
        exit 77
    fi
    equal "$what" "$expected" "$out"
    [ "$out" = killed ] || return 0
    status=0
    wait "$relay_pid" 2>/dev/null || status=$?
    if [ "$process" = front ]; then
        equal "$what: by the kernel (SIGSYS)" 159 "$status"
    else
        equal "$what: the front fails with it" 12 "$status"
        has "$what: and says by what" 'ended by signal 31 \(its sandbox\)' \
            "$(tail -n 2 "$T/relay.log")"
    fi
    relay_start
}
secret=$T/home/secret
echo "not the relay's" >"$secret"
attempt front "the log isn't read" "failed EACCES" open "$T/relay/relay.db"
attempt front "the log isn't written" "failed EACCES" append "$T/relay/relay.db"
attempt front "nor its key" "failed EACCES" open "$T/relay/relay.key"
attempt front "the system's files" "failed EACCES" open /etc/passwd
attempt keeper "a file elsewhere" "failed EACCES" open "$secret"
attempt keeper "the system's files" "failed EACCES" open /etc/passwd
attempt keeper "another's file isn't changed" "failed EACCES" append "$secret"
for process in front keeper; do
    attempt "$process" "no program is run" killed exec /bin/true
    attempt "$process" "no process is started" killed fork
    attempt "$process" "nothing is reached" killed reach 9
done

relay_end TERM
ok "and the log is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
