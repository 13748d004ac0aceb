#!/usr/bin/env bash
# Goal: once a relay serves, whoever has taken it over can open, run and reach nothing that it
# doesn't need (A33). Shown on the real process: another program makes the calls in its place.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# ---- what is said ---------------------------------------------------------------------------
ok "a relay" "$DAYBOOK_RELAY" init "$T/relay"
run "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 --sandbox maybe
equal "there are three words for it" 2 "$status"
run timeout -s TERM 2 "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 --sandbox off
has "who serves without is told so" 'event=sandbox landlock=none reason=told-to seccomp=none' "$err"
run timeout -s TERM 2 "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 \
    --sandbox require
if [ "$status" = 6 ]; then
    has "a kernel without it is said" 'event=sandbox .*none reason=' "$err"
    has "and the relay refuses" 'require' "$err"
    echo "skipped: $err"
    exit 77
fi
has "the walls stand" 'event=sandbox landlock=[1-9][0-9]* seccomp=on' "$err"
rm -r "$T/relay"

# ---- a whole story behind them --------------------------------------------------------------
organisation "Op Rowan"
enrol amir officer "Op Rowan"
must amir add person name="Somebody"
must amir sync
must admin sync
equal "notes arrive" 1 "$(ids admin | wc -l)"

# ---- taken over -----------------------------------------------------------------------------
for thread in /proc/"$relay_pid"/task/*; do
    has "each thread is held" 'NoNewPrivs:\s1' "$(<"$thread/status")"
    has "each thread's calls are" 'Seccomp:\s2' "$(<"$thread/status")"
done

# attempt WHAT EXPECTED ARGUMENT...
attempt() {
    local what=$1 expected=$2
    shift 2
    run "$TAKEOVER" "$relay_pid" "$@"
    if [ "$status" = 77 ]; then
        echo "skipped: $err"
        exit 77
    fi
    equal "$what" "$expected" "$out"
    [ "$out" = killed ] || return 0
    status=0
    wait "$relay_pid" 2>/dev/null || status=$?
    equal "$what: by the kernel (SIGSYS)" 159 "$status"
    relay_start
}
secret=$T/home/secret
echo "not the relay's" >"$secret"
attempt "a file elsewhere" "failed EACCES" open "$secret"
attempt "the system's files" "failed EACCES" open /etc/passwd
attempt "another's file isn't changed" "failed EACCES" append "$secret"
attempt "no program is run" killed exec /bin/true
attempt "no process is started" killed fork
attempt "nothing is reached" killed reach 9

# ---- and it goes on -------------------------------------------------------------------------
must amir add person name="Another"
must amir sync
must admin sync
equal "nothing was lost by any of it" 2 "$(ids admin | wc -l)"
relay_end TERM
ok "and the log is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
