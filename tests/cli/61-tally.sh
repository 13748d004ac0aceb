#!/usr/bin/env bash
# Goal: an airport team counts on a flight sheet without a network and without a name, one word or
# key each; nothing that was acknowledged is lost, and a mistake is said and not deleted (LL-1).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Limelight
enrol amir officer Limelight
relay_end TERM # airside: from here on nobody has a network

must amir add flight op_ref=LIME-26 airport=BHX carrier=Carrier number=XY123 direction=outbound \
    origin=Birmingham destination=Lagos scheduled_at="2026-11-20 14:30" pax=180
flight=$out

# tally WORDS [ARGUMENT...]: a session on that flight
tally() {
    local words=$1
    shift
    status=0
    printf '%s' "$words" | "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" "$@" \
        tally "$flight" >"$T/out" 2>"$T/err" || status=$?
    out=$(cat "$T/out")
    err=$(cat "$T/err")
}

# ---- forty without a name (LL-1) ------------------------------------------------------------
words=
for _ in 1 2 3 4 5 6 7 8 9 10; do words+="families_approached adults girls_5 8"$'\n'; done
began=$(date +%s)
tally "$words" --json
equal "LL-1: forty tallies in one session" 0 "$status"
json "LL-1: all are there" \
    "d['counted'], {k: n for k, n in d['counters'].items() if n}" \
    "(40, {'families_approached': 10, 'adults': 10, 'girls_5_8': 10, 'boys': 10})"
[ $(($(date +%s) - began)) -le 300 ] || fail "LL-1: within five minutes"
must amir --json list
json "LL-1: no identity is held: there is the flight sheet, and nothing else" \
    "[r['form'] for r in rows]" "['flight']"

# ---- mistakes -------------------------------------------------------------------------------
tally 'boys boys u -adults' --json
json "what was a mistake no longer counts" \
    "d['undone'], d['counters']['boys'], d['counters']['adults']" "(2, 11, 9)"
must amir --json show "$flight"
json "and nothing is deleted: the counts stand, and so does what was said of them" \
    "[(f['boys'], f['adults'], [x['counter'] for x in f['corrections']]) for f in [d['fields']]]" \
    "[(12, 10, ['boys', 'adults'])]"
tally 'u -referrals' --json
json "what was not counted is not taken back" "d['undone']" 0
tally 'girls boys nobody boys' --json
equal "a word that means no counter, or several, is told at the end" 3 "$status"
json "and the others are counted" \
    "rows[0]['counted'], rows[0]['unknown'], rows[0]['counters']['boys']" "(2, 2, 13)"

# ---- kill -9 --------------------------------------------------------------------------------
mkfifo "$T/keys"
"$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" tally "$flight" <"$T/keys" \
    >"$T/tally.out" 2>"$T/tally.err" &
counting=$!
others+=("$counting")
yes leaflets >"$T/keys" 2>/dev/null &
typing=$!
others+=("$typing")
for _ in $(seq 1000); do
    [ "$(grep -c '^Leaflets given: ' "$T/tally.err")" -ge 12 ] && break
    sleep 0.02
done
kill -KILL "$counting"
wait "$counting" 2>/dev/null || true
kill "$typing" 2>/dev/null || true
wait "$typing" 2>/dev/null || true
said=$(grep -c '^Leaflets given: ' "$T/tally.err")
must amir --json show "$flight"
stands=$(py "d['fields']['leaflets']")
[ "$said" -ge 12 ] || fail "the session counts until it is killed" "$(cat "$T/tally.err")"
{ [ "$stands" -ge "$said" ] && [ "$stands" -le $((said + 1)) ]; } ||
    fail "LL-1: each tally is on the disk before it is told" "told: $said" "stands: $stands"

# ---- keys at a terminal ---------------------------------------------------------------------
"$python" - "$DAYBOOK" "$T/amir" "$T/amir.pass" "$flight" >"$T/pty" <<'PY'
import os, pty, sys, time
program, store, passphrase, flight = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(program, [program, "--store", store, "--passphrase-file", passphrase, "tally", flight])
seen = b""
def wait_for(text):
    global seen
    end = time.time() + 60
    while text not in seen and time.time() < end:
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
wait_for(b"q  end")
os.write(fd, b"8")
wait_for(b"Boys: 14")
os.write(fd, b"u")
wait_for(b"one taken back")
os.write(fd, b"\x03")
wait_for(b"Referrals                0")
print(seen.decode(), os.waitpid(pid, 0)[1])
PY
has "one key is one count, at once" "Boys: 14" "$(cat "$T/pty")"
has "and one key takes it back" "Boys: 13, one taken back" "$(cat "$T/pty")"
has "Ctrl-C ends a session like q" " 0$" "$(tail -n 1 "$T/pty")"

# ---- refusals -------------------------------------------------------------------------------
must amir add case ref=26/1 kind=fatal_rtc
wont "a case has nothing to count" 3 "nothing to count" amir tally "$out"
wont "a flight that isn't there" 4 "no record" amir tally 0123456789ab
finish
