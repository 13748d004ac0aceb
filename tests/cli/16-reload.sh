#!/usr/bin/env bash
# Goal: a relay takes another certificate and other limits while it serves and devices notice
# nothing; what is no good is refused with a loud line, and what was goes on. A device whose room is
# used up is told so, keeps its notes, reads on, and can be shut out as ever (A21, A25).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pin_of() { # of a certificate: hex SHA-256 of its public key, by another program
    openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform DER |
        sha256sum | cut -c 1-64
}
shown() { # the pin that a handshake shows
    openssl s_client -connect "${relay_url#https://}" </dev/null 2>/dev/null >"$T/shown.pem"
    pin_of "$T/shown.pem"
}
# reload WHAT PATTERN...: SIGHUP, and the lines that have to come
reload() {
    local what=$1 from pattern
    shift
    from=$(wc -l <"$T/relay.log")
    kill -HUP "$relay_pid"
    for _ in $(seq 200); do
        [ "$(tail -n +$((from + 1)) "$T/relay.log" | grep -c 'event=reload')" -lt 2 ] || break
        sleep 0.02
    done
    lines=$(tail -n +$((from + 1)) "$T/relay.log" | grep 'event=reload' || true)
    for pattern; do has "$what" "$pattern" "$lines"; done
}
certificate() { # NAME [KEY]: a certificate of a new key, or of one that is there
    local key=("-newkey" ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/tls/$1.key")
    [ $# = 1 ] || key=(-key "$2")
    openssl req -x509 -days 30 -subj "/CN=$1" "${key[@]}" -out "$T/tls/$1.crt" 2>/dev/null
}

# ---- an operator's own certificate ----------------------------------------------------------
mkdir "$T/tls"
certificate first
cp "$T/tls/first.crt" "$T/tls/cert.pem"
cp "$T/tls/first.key" "$T/tls/key.pem"
own=(--tls-cert "$T/tls/cert.pem" --tls-key "$T/tls/key.pem")
ok "a relay" "$DAYBOOK_RELAY" init "$T/relay"
ok "with the pin of its certificate" "$DAYBOOK_RELAY" card --data "$T/relay" --tls-cert \
    "$T/tls/cert.pem"
relay_start "${own[@]}" --metrics 127.0.0.1:0
metrics=$(sed -n 's/^metrics on //p' "$T/relay.out")
passphrase_for admin
must admin org create "Op Aspen" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
enrol amir officer "Op Aspen"
equal "the first is shown" "$(pin_of "$T/tls/first.crt")" "$(shown)"

# A connection that stays open over all that follows, and asks now and then.
cat >"$T/stay.py" <<'PY'
import socket, ssl, sys
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
for line in sys.stdin:
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    data = b""
    while not data.endswith(b"ok\n"):
        part = s.recv(65536)
        if not part:
            break
        data += part
    print(data.split(b"\r\n")[0].decode(), flush=True)
PY
coproc stay { exec "$python" "$T/stay.py" "${relay_url##*:}"; }
others+=("$stay_PID")
still_open() {
    local line
    echo >&"${stay[1]}"
    read -r -t 10 line <&"${stay[0]}" || line=none
    equal "the open connection is served: $1" "HTTP/1.1 200 OK" "$line"
}
still_open "at first"

certificate renewed "$T/tls/first.key" # what a certificate authority does every few weeks
cp "$T/tls/renewed.crt" "$T/tls/cert.pem"
reload "the same key in a new certificate" 'certificate=read$' 'limits=read$'
equal "it is shown" "$(openssl x509 -in "$T/tls/renewed.crt" -fingerprint -noout)" \
    "$(shown >"$T/pin"; openssl x509 -in "$T/shown.pem" -fingerprint -noout)"
still_open "after a renewal"
must amir sync

certificate second
cp "$T/tls/second.crt" "$T/tls/cert.pem"
reload "a certificate with another's key" 'certificate=kept why="[^"]+"$'
cp "$T/tls/second.key" "$T/tls/key.pem"
reload "a key that nobody was told of" "certificate=kept why=\"the policy doesn't announce"
equal "devices would not know it" "$(pin_of "$T/tls/first.crt")" "$(shown)"
must amir sync
echo nonsense >"$T/tls/cert.pem"
reload "no certificate" 'certificate=kept why="[^"]+"$'
rm "$T/tls/cert.pem"
reload "no file" 'certificate=kept why="cert.pem: [^"]+"$'
equal "all the while the first is shown" "$(pin_of "$T/tls/first.crt")" "$(shown)"
still_open "after what was refused"
must admin org policy --tls-pin "$(pin_of "$T/tls/first.crt")" --tls-pin \
    "$(pin_of "$T/tls/second.crt")"
must amir sync
cp "$T/tls/second.crt" "$T/tls/cert.pem"
reload "once it is announced" 'certificate=read$'
equal "it is shown" "$(pin_of "$T/tls/second.crt")" "$(shown)"
still_open "after another key"
must amir add person name="On the new key"
must amir sync
must admin sync
curl -sS "$metrics" >"$T/text"
has "monitoring knows until when it is good" \
    "^daybook_relay_certificate_end_time_seconds $(date -d "$(openssl x509 -in \
        "$T/tls/second.crt" -enddate -noout | cut -d= -f2)" +%s)$" "$(<"$T/text")"

# ---- while devices push ---------------------------------------------------------------------
(
    for n in $(seq 200); do
        [ -e "$T/enough" ] && exit 0
        "$DAYBOOK" --light-kdf --store "$T/amir" --passphrase-file "$T/amir.pass" \
            add person name="Meanwhile $n" >/dev/null
        "$DAYBOOK" --light-kdf --store "$T/amir" --passphrase-file "$T/amir.pass" sync >/dev/null
    done
) 2>"$T/load.err" </dev/null &
load=$!
others+=("$load")
for n in 1 2 3 4 5 6; do
    [ $((n % 2)) = 0 ] && name=second || name=first
    cp "$T/tls/$name.crt" "$T/tls/cert.pem"
    cp "$T/tls/$name.key" "$T/tls/key.pem"
    reload "back and forth: $n" 'certificate=read$'
    sleep 0.2
done
touch "$T/enough"
wait "$load" || fail "no sync failed meanwhile" "$(<"$T/load.err")"
equal "no sync failed meanwhile" "" "$(<"$T/load.err")"
still_open "after all of these"
kill "$stay_PID"

# ---- limits ---------------------------------------------------------------------------------
echo "disk-max-percent ninety" >"$T/relay/limits.txt"
reload "limits that are none" 'limits=kept why="limits\.txt, line 1: [^"]+"$' 'certificate=read$'
refused_serve=("$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0)
ok "how much is there" "$DAYBOOK_RELAY" status --data "$T/relay" --json
json "and that limits.txt is no good" "d['limits_read'], d['disk_max']" "(False, 90)"
have=$(py "d['segments']")
printf '# of our unit\ndevice-segments-max %d\n' $((have + 1)) >"$T/relay/limits.txt"
reload "limits" 'limits=read$'
must amir add person name="Fits"
must amir sync
must amir add person name="Has no room"
must amir add person name="Nor has this"
wont "the officer is told in plain words" 15 "no more room for this device.*stay here" amir sync
must amir --json status
json "and keeps the notes" "[s['own_ops'] - s['own_at_relay'] > 0 for s in d['spaces']]" "[True]"
must admin add person name="From headquarters"
must admin sync
wont "told again" 15 "no more room" amir sync
must amir search "From headquarters"
has "and reads on" "From headquarters" "$out"
curl -sS "$metrics" >"$T/text"
has "monitoring sees it" '^daybook_relay_segments_total.result="device-full". [1-9]' "$(<"$T/text")"
has "and that it is full" '^daybook_relay_fullest_device_percent 100$' "$(<"$T/text")"
printf 'device-bytes-max 1G\n' >"$T/relay/limits.txt"
reload "more room" 'limits=read$'
must amir sync
must admin sync
equal "all notes arrive" "$(ids amir)" "$(ids admin)"
printf 'space-segments-max 1\n' >"$T/relay/limits.txt"
reload "a space that is full" 'limits=read$'
must amir add person name="Too late"
wont "the officer is told" 15 "no more room for this space" amir sync
must admin device revoke amir --reason stolen
wont "who is out of room can be shut out" 15 . amir sync
has "it isn't let in any more" 'call=hello status=401' "$(tail -n 3 "$T/relay.log")"
printf 'device-requests-burst 0\n' >"$T/relay/limits.txt"
relay_end TERM
has "it stops in order" 'event=stopped cut=0$' "$(tail -n 1 "$T/relay.log")"
run "${refused_serve[@]}"
equal "it doesn't start with limits that are none" 2 "$status"
has "and says where" "limits\.txt, line 1" "$err"
rm "$T/relay/limits.txt"
ok "the log is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"

# ---- the relay's own key --------------------------------------------------------------------
rm -rf "$T/relay" "$T/admin"
relay_url=
relay_new
must admin org create "Op Birch" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
relay_end TERM
ok "the next key" "$DAYBOOK_RELAY" tls-next --data "$T/relay"
next=${out#tls-pin-next }
relay_start
must admin org policy --tls-pin "$next"
ok "it takes its place while the relay serves" "$DAYBOOK_RELAY" tls-switch --data "$T/relay"
has "and is told how it comes into use" SIGHUP "$out"
must admin sync
reload "the switch" 'certificate=read$'
equal "it is shown" "$next" "$(shown)"
must admin sync
relay_end TERM
finish
