#!/usr/bin/env bash
# Goal: whatever happens to a relay, its log is one structured line for each event, and holds no
# body, no name, no id, no key and no whole address of anybody (security.md 4.2, P3).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# ---- a run with all that a relay can meet ---------------------------------------------------
outputs=$T/outputs # what devices were told: ids, keys and names to look for
mkdir "$outputs"
keep() { # of the last answer
    printf '%s\n%s\n' "$out" "$err" >"$outputs/$(find "$outputs" -type f | wc -l)"
}
organisation "Op Quillfeather"
cp "$T/relay/relay-card.txt" "$outputs/card" # the setup code was in it
must admin space create "Zugzwang compartment"
enrol amir officer "Op Quillfeather"
enrol bethan officer "Op Quillfeather"
for device in admin amir bethan; do
    must "$device" --json add person --space "Op Quillfeather" \
        name="Xylander of $device 07700900123"
    keep
    must "$device" sync
done
invite chidi officer "Op Quillfeather"
printf '%s\n' "$out" >"$outputs/invite"
must admin --json org log
keep
must admin --json device list
keep
must admin --json space list
keep
must admin --json verify
keep
must amir --json status
keep
must amir --json list person
keep
cp "$T/relay/tls-cert.pem" "$outputs/cert"

# A device that was taken out brings what it wrote; a second admin's proposals; a folder's relay.
must amir add person name="Written late"
must admin device revoke amir --reason stolen
run "$DAYBOOK" --light-kdf --store "$T/amir" --passphrase-file "$T/amir.pass" sync
# A store that was copied: two histories of one device.
cp -r "$T/bethan" "$T/copy"
cp "$T/bethan.pass" "$T/copy.pass"
must bethan add person name="One history"
must bethan sync
run "$DAYBOOK" --light-kdf --store "$T/copy" --passphrase-file "$T/copy.pass" \
    add person name="Another history"
run "$DAYBOOK" --light-kdf --store "$T/copy" --passphrase-file "$T/copy.pass" sync

# Strangers: other addresses, all that they may send where something private could stand.
cat >"$T/hostile.py" <<'PY'
import socket, ssl, sys, time
port, ids = int(sys.argv[1]), sys.argv[2].split(",")
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
SECRET = b"Snollygoster"

def send(raw, source="127.8.9.10", wait=3):
    try:
        s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", port),
                                                     source_address=(source, 0)))
        s.settimeout(wait)
        s.sendall(raw)
        while s.recv(65536):
            pass
    except OSError:
        pass

E = b"\r\n"
H = b"Host: " + SECRET + b".example" + E + b"Connection: close" + E
for i in ids:
    i = i.encode()
    for path in (b"/v1/spaces/" + i + b"/segments?from=0&bytes=9", b"/v1/join/" + i,
                 b"/v1/proposals/" + i + b"/decline", b"/" + i, b"/v1/spaces/" + i + b"/proof"):
        for method in (b"GET", b"POST", b"PUT", b"DELETE"):
            body = SECRET * 3
            length = b"Content-Length: %d" % len(body) + E if method != b"GET" else b""
            send(method + b" " + path + b" HTTP/1.1" + E + H + length + E +
                 (body if length else b""), "127.8.9.%d" % (10 + len(path) % 5))
G = b"GET /healthz HTTP/1.1" + E + H
for field in (b"Authorization: Bearer " + SECRET, b"Cookie: a=" + SECRET,
              b"User-Agent: x\" event=forged peer=" + SECRET, b"Daybook-Setup: " + SECRET,
              b"X: " + SECRET + b"\ntime=2026 event=forged", b"X: \x1b[31m" + SECRET,
              b"Signature-Input: sig=(\"" + SECRET + b"\");keyid=\"" + ids[0].encode() + b"\"",
              b"Forwarded: for=192.0.2.44", b"X-Forwarded-For: 192.0.2.44"):
    send(G + field + E + E)
send(b"GET /" + SECRET + b"?" + SECRET + b"=1 HTTP/1.1" + E + H + E)
send(b"POST /v1/org HTTP/1.1" + E + H + b"Daybook-Setup: " + SECRET + E +
     b"Content-Type: application/octet-stream" + E + b"Content-Length: 12" + E + E + SECRET)
send(SECRET * 100)
s = socket.create_connection(("127.0.0.1", port), source_address=("127.8.9.77", 0))
s.sendall(b"\x16\x03\x01\x02\x00\x01" + SECRET)
time.sleep(7) # cut off: a handshake that goes on for ever
PY
all_ids=$(cat "$outputs"/* | grep -Eo '\b[0-9a-f]{32}\b' | sort -u | head -n 12 | paste -sd,)
"$python" "$T/hostile.py" "${relay_url##*:}" "$all_ids"
if "$python" -c 'import socket; socket.create_server(("::1", 0), family=socket.AF_INET6)' \
    2>"$T/six"; then
    relay_end TERM
    "$DAYBOOK_RELAY" serve --data "$T/relay" --listen "[::1]:0" >"$T/relay.out" \
        2>>"$T/relay.log" </dev/null &
    relay_pid=$!
    for _ in $(seq 200); do
        grep -q '^listening' "$T/relay.out" && break
        sleep 0.05
    done
    curl -sk "$(sed -n 's/^listening on //p' "$T/relay.out")/healthz" >"$outputs/health"
    has "an IPv6 address is cut to its network" "call=health .*peer=::( |$)" "$(<"$T/relay.log")"
fi
kill -HUP "$relay_pid"
echo "Snollygoster 9" >"$T/relay/limits.txt"
sleep 0.3
kill -HUP "$relay_pid"
sleep 0.3
rm "$T/relay/limits.txt"
relay_end TERM
ok "put back, as if it had lost something" "$DAYBOOK_RELAY" recover --data "$T/relay" \
    --reason "Snollygoster lost the disk"
relay_start
run "$DAYBOOK" --light-kdf --store "$T/bethan" --passphrase-file "$T/bethan.pass" sync
relay_end TERM

# ---- what its log is ------------------------------------------------------------------------
lines=$(wc -l <"$T/relay.log")
[ "$lines" -ge 200 ] || fail "much happened" "lines: $lines"
value='([A-Za-z0-9._:-]+|"[^"]*")'
bad=$(grep -vE "^time=20[0-9TZ:-]+ event=[a-z]+( [a-z-]+=$value)*\$" "$T/relay.log" || true)
equal "each line is an event with names and values" "" "$bad"
for word in 'event=start$' 'event=stop$' 'event=stopped cut=' 'event=cut stage=opening' \
    'event=reload limits=kept' 'event=reload certificate=read' 'status=401' 'status=400' \
    'status=404' 'call=push status=200' 'call=none'; do
    has "it tells of $word" "$word" "$(<"$T/relay.log")"
done
hasnt "nobody forges a line" "event=forged" "$(<"$T/relay.log")"
has "of an address, the network" 'peer=127\.8\.9\.0( |$)' "$(<"$T/relay.log")"
hasnt "and never more" 'peer=127\.[0-9.]*[1-9]( |$)|127\.0\.0\.1|192\.0\.2\.44' "$(<"$T/relay.log")"

# ---- and what it isn't ----------------------------------------------------------------------
{
    cat "$outputs"/* | grep -Eo '[0-9a-f]{16,}' # ids, hashes, keys
    cat "$outputs"/* | grep -Eo '[A-Za-z0-9_+/=-]{20,}' # setup code, invites, PEM
    printf '%s\n' Quillfeather Zugzwang Xylander Snollygoster admin amir bethan chidi history \
        07700900123 relay.db passphrase "$T"
} | sort -u >"$T/secrets"
[ "$(wc -l <"$T/secrets")" -ge 30 ] || fail "there is much to look for" "$(<"$T/secrets")"
# Of long ones also their beginnings: a shortened id is one, too.
cut -c 1-12 "$T/secrets" | grep -vE '^[0-9]{1,12}$' | sort -u >"$T/beginnings"
found=$(grep -Fo -f "$T/beginnings" "$T/relay.log" | sort | uniq -c || true)
equal "no id, key, name or word of anybody's" "" "$found"
finish
