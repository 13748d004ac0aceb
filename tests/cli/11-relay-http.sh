#!/usr/bin/env bash
# Goal: the relay on the network takes plain HTTP/1.1 over TLS 1.3 by its own key and nothing else,
# ends in good order, and tells its log nothing that it shouldn't (A21, A32).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

refused_relay() {
    run "${@:4}"
    equal "$1: exit status" "$2" "$status"
    has "$1: sentence" "^daybook-relay: .*$3" "$err"
}

# ---- options --------------------------------------------------------------------------------
ok "version" "$DAYBOOK_RELAY" --version
has "version is stated" '^daybook-relay [0-9]+\.[0-9]+\.[0-9]+$' "$out"
refused_relay "no verb" 2 "init, serve" "$DAYBOOK_RELAY"
refused_relay "an unknown verb" 2 "frobnicate" "$DAYBOOK_RELAY" frobnicate
refused_relay "an unknown option" 2 "--force" "$DAYBOOK_RELAY" init "$T/relay" --force
refused_relay "an option of another verb" 2 "--listen" \
    "$DAYBOOK_RELAY" init "$T/relay" --listen 127.0.0.1:0
refused_relay "an option twice" 2 "--url" \
    "$DAYBOOK_RELAY" init "$T/relay" --url https://a --url https://b
refused_relay "an option without value" 2 "--data" "$DAYBOOK_RELAY" serve --data
refused_relay "serving needs an address" 2 "--listen" "$DAYBOOK_RELAY" serve --data "$T/relay"
for url in http://relay.example https:// https://relay.example/path 'https://a b' relay.example; do
    refused_relay "the url '$url'" 2 "https://HOST:PORT" \
        "$DAYBOOK_RELAY" init "$T/relay" --url "$url"
done
equal "nothing was made by any of these" "" "$(ls "$T" | grep relay || true)"

# ---- a relay and its card -------------------------------------------------------------------
mkdir "$T/relay"
chmod 755 "$T/relay"
ok "a relay in an empty folder" "$DAYBOOK_RELAY" init "$T/relay" --url https://relay.example:8443
equal "the folder is closed to others" 700 "$(stat -c %a "$T/relay")"
card=$T/relay/relay-card.txt
has "the card states the address" '^url https://relay\.example:8443$' "$(<"$card")"
code=$(grep '^setup-code ' "$card")
pin_of() { # of a certificate: hex SHA-256 of its public key, by another program
    openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform DER |
        sha256sum | cut -c 1-64
}
equal "the card's pin is the certificate's" "tls-pin $(pin_of "$T/relay/tls-cert.pem")" \
    "$(grep ^tls-pin "$card")"
chmod 644 "$T/relay/relay.key"
refused_relay "a key that others can read" 6 "chmod 600" \
    "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0
chmod 600 "$T/relay/relay.key"
ok "another address" "$DAYBOOK_RELAY" card --data "$T/relay" --url https://10.0.0.7:443
has "the card has the new address" '^url https://10\.0\.0\.7:443$' "$(<"$card")"
equal "and the same setup code" "$code" "$(grep '^setup-code ' "$card")"
equal "only its owner reads it" 600 "$(stat -c %a "$card")"

# ---- TLS ------------------------------------------------------------------------------------
relay_start
port=${relay_url##*:}
sha256=$("$python" -c 'import base64, sys
print(base64.b64encode(bytes.fromhex(sys.argv[1])).decode())' \
    "$(sed -n 's/^tls-pin //p' "$card")")
web() { run curl -sS -k --max-time 20 "$@"; }
web --pinnedpubkey "sha256//$sha256" "$relay_url/healthz"
equal "healthy by the pinned key" "ok" "$out"
web --pinnedpubkey "sha256//AAAA${sha256:4}" "$relay_url/healthz"
equal "another pin: curl refuses" 90 "$status"
web --tls-max 1.2 "$relay_url/healthz"
equal "TLS 1.2 is refused" 35 "$status"
web "http://127.0.0.1:$port/healthz"
[ "$status" != 0 ] || fail "plain HTTP is not answered" "got: $out"
web -D "$T/head" "$relay_url/v1/hello" -H 'Content-Type: application/json' --data '{"v":1}'
equal "who doesn't sign is not let in" '{"v":1,"error":"auth"}' "$out"
has "and gets 401" '^HTTP/1.1 401' "$(<"$T/head")"
web -D "$T/head" "$relay_url/nothing"
has "what isn't there is 404" '^HTTP/1.1 404' "$(<"$T/head")"

# ---- malformed requests ---------------------------------------------------------------------
cat >"$T/http.py" <<'PY'
import socket, ssl, sys
port = int(sys.argv[1])
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE

def connect():
    s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", port)))
    s.settimeout(10)
    return s

def answer(raw):
    s = connect()
    data = b""
    try:
        s.sendall(raw)
        while True:
            part = s.recv(65536)
            if not part:
                break
            data += part
    except (ssl.SSLError, ConnectionError):
        pass
    except TimeoutError:
        return "left open", data
    return "closed", data

H = b"Host: x\r\n"
J = b"Content-Type: application/json\r\n"
P = b"POST /v1/hello HTTP/1.1\r\n" + H
G = b"GET /healthz HTTP/1.1\r\n"
second = b"GET /healthz HTTP/1.1\r\n" + H + b"\r\n"
bad = {
    "length and chunks": P + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n" + second,
    "chunks": P + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + second,
    "unknown coding": P + b"Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "two lengths": P + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    "one length twice": P + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + second,
    "length list": P + b"Content-Length: 3, 3\r\n\r\nabc",
    "length +": P + b"Content-Length: +3\r\n\r\nabc",
    "length -": P + b"Content-Length: -3\r\n\r\nabc",
    "length hex": P + b"Content-Length: 0x3\r\n\r\nabc",
    "length 003": P + b"Content-Length: 003\r\n\r\nabc",
    "length none": P + b"Content-Length: \r\n\r\nabc",
    "length huge": P + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    "no length": P + b"\r\n" + second,
    "a GET's length": G + H + b"Content-Length: 3\r\n\r\nabc",
    "no host": G + b"\r\n",
    "two hosts": G + H + b"Host: y\r\n\r\n" + second,
    "fold": G + H + b"A: b\r\n c\r\n\r\n" + second,
    "space before colon": P + b"Content-Length : 3\r\n\r\nabc" + second,
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "one bare line feed": G + b"Host: x\nA: b\r\n\r\n",
    "bare carriage return": G + b"Host: x\rA: b\r\n\r\n",
    "zero byte in a field": G + H + b"A: b\0c\r\n\r\n",
    "control byte in a field": G + H + b"A: b\x07c\r\n\r\n",
    "control byte in a name": G + H + b"A\x01: b\r\n\r\n",
    "no name": G + H + b": b\r\n\r\n",
    "no colon": G + H + b"foo\r\n\r\n",
    "zero byte in the target": b"GET /healthz\0 HTTP/1.1\r\n" + H + b"\r\n",
    "HTTP/1.0": b"GET /healthz HTTP/1.0\r\n" + H + b"\r\n",
    "HTTP/2.0": b"GET /healthz HTTP/2.0\r\n" + H + b"\r\n",
    "no version": b"GET /healthz\r\n" + H + b"\r\n",
    "lower case version": b"GET /healthz http/1.1\r\n" + H + b"\r\n",
    "absolute target": b"GET https://x/healthz HTTP/1.1\r\n" + H + b"\r\n",
    "star": b"OPTIONS * HTTP/1.1\r\n" + H + b"\r\n",
    "escaped": b"GET /health%7a HTTP/1.1\r\n" + H + b"\r\n",
    "space in target": b"GET /healthz a HTTP/1.1\r\n" + H + b"\r\n",
    "tab": b"GET\t/healthz HTTP/1.1\r\n" + H + b"\r\n",
    "fragment": b"GET /healthz#a HTTP/1.1\r\n" + H + b"\r\n",
    "empty query": b"GET /healthz? HTTP/1.1\r\n" + H + b"\r\n",
    "long target": b"GET /" + b"a" * 1100 + b" HTTP/1.1\r\n" + H + b"\r\n",
    "many fields": G + H + b"A: b\r\n" * 60 + b"\r\n",
    "big field": G + H + b"A: " + b"b" * 9000 + b"\r\n\r\n",
    "huge head": G + H + b"A: " + b"b" * 70000 + b"\r\n\r\n",
    "HEAD": b"HEAD /healthz HTTP/1.1\r\n" + H + b"\r\n",
    "CONNECT": b"CONNECT x:1 HTTP/1.1\r\n" + H + b"\r\n",
    "TRACE": b"TRACE /healthz HTTP/1.1\r\n" + H + b"\r\n",
    "lower case method": b"get /healthz HTTP/1.1\r\n" + H + b"\r\n",
    "coded body": P + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "upgrade": G + H + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "two signatures": P + b"Signature: a\r\nSignature: b\r\nContent-Length: 3\r\n\r\nabc",
    "bearer token": G + H + b"Authorization: Bearer x\r\n\r\n",
    "leading space": b" GET /healthz HTTP/1.1\r\n" + H + b"\r\n",
    "garbage": b"\x16\x03\x01\x00\r\n\r\n",
    "too large": b"POST /v1/spaces/" + b"0" * 32 + b"/segments HTTP/1.1\r\n" + H +
        b"Content-Type: application/octet-stream\r\nContent-Length: 3000000\r\n\r\n",
    "body for no call": b"POST /nothing HTTP/1.1\r\n" + H + J + b"Content-Length: 3\r\n\r\nabc",
}
wrong = []
for name, raw in bad.items():
    how, data = answer(raw)
    lines = [l for l in data.split(b"\r\n") if l.startswith(b"HTTP/1.1 ")]
    refused = all(line[9:10] in (b"4", b"5") for line in lines)
    # libmicrohttpd 0.9.75 repeats the head of its own answer to a bad length: the same line twice.
    if how != "closed" or not refused or len(set(lines)) > 1:
        wrong.append("%s: %s %s" % (name, how, lines))
# And what is proper is served, one after the other on one connection.
s = connect()
for i in range(3):
    s.sendall(second)
    data = b""
    while not data.endswith(b"\r\n\r\nok\n"):
        data += s.recv(65536)
    if not data.startswith(b"HTTP/1.1 200 "):
        wrong.append("proper: %r" % data)
s.close()
print("\n".join(wrong) or "%d refused" % len(bad))
PY
run "$python" "$T/http.py" "$port"
has "malformed requests are refused, once each, and the connection closed: $out $err" \
    '^5[0-9] refused$' "$out"

# ---- what the log tells, what the process may -----------------------------------------------
has "each request is one line" \
    'event=request call=hello status=401 ms=[0-9]+ in=7 out=22 peer=127[.0]+ cause=auth$' \
    "$(<"$T/relay.log")"
other=$(grep -v '^time=20[0-9TZ:-]* event=' "$T/relay.log" || true)
equal "no line of another shape" "" "$other"
hasnt "no whole address, path or field" "127\.0\.0\.1|/v1/|healthz|Bearer" "$(<"$T/relay.log")"
has "no core file" 'Max core file size +0 +0' "$(cat "/proc/$relay_pid/limits")"
memory=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$relay_pid/status")
# A sanitizer's own memory is not ours.
ldd "$DAYBOOK_RELAY" | grep -q libasan || [ "$memory" -le 65536 ] ||
    fail "at most 64 MiB" "got: $memory kB"

# ---- a good end -----------------------------------------------------------------------------
refused_relay "an address that is taken" 17 "listen" bash -c \
    '"$0" init "$1/second" >/dev/null && "$0" serve --data "$1/second" --listen "$2"' \
    "$DAYBOOK_RELAY" "$T" "127.0.0.1:$port"
cat >"$T/slow.py" <<'PY'
import socket, ssl, sys, time, os
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
s.sendall(b"POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
          b"Content-Length: 7\r\n\r\n{\"v\"")
time.sleep(0.3)
os.kill(int(sys.argv[2]), 15)
time.sleep(0.5)
try:
    ctx.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=2))
    print("a new connection was let in")
except OSError:
    pass
s.sendall(b":1}")
print(s.recv(65536).split(b"\r\n")[0].decode())
PY
run "$python" "$T/slow.py" "$port" "$relay_pid"
equal "a running request ends, new ones don't begin" "HTTP/1.1 401 Unauthorized" "$out"
status=0
wait "$relay_pid" || status=$?
relay_pid=
equal "after SIGTERM it exits with 0" 0 "$status"

# ---- an operator's own certificate ----------------------------------------------------------
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=own \
    -keyout "$T/own.key" -out "$T/own.crt" 2>/dev/null
refused_relay "a certificate without its key" 2 "go together" "$DAYBOOK_RELAY" serve \
    --data "$T/relay" --listen 127.0.0.1:0 --tls-cert "$T/own.crt"
refused_relay "a certificate with another's key" 8 . "$DAYBOOK_RELAY" serve \
    --data "$T/relay" --listen 127.0.0.1:0 --tls-cert "$T/own.crt" --tls-key "$T/relay/tls-key.pem"
refused_relay "no certificate there" 4 . "$DAYBOOK_RELAY" serve --data "$T/relay" \
    --listen 127.0.0.1:0 --tls-cert "$T/none.crt" --tls-key "$T/own.key"
"$DAYBOOK_RELAY" serve --data "$T/relay" --listen "[::1]:0" --tls-cert "$T/own.crt" \
    --tls-key "$T/own.key" >"$T/own.out" 2>>"$T/relay.log" </dev/null &
relay_pid=$!
for _ in $(seq 100); do
    grep -q '^listening' "$T/own.out" && break
    kill -0 "$relay_pid" 2>/dev/null || break
    sleep 0.05
done
if grep -q '^listening' "$T/own.out"; then # where there is IPv6
    equal "its pin is printed" "tls-pin $(pin_of "$T/own.crt")" "$(head -n 1 "$T/own.out")"
    web "$(sed -n 's/^listening on //p' "$T/own.out")/healthz"
    equal "and serves" "ok" "$out"
    relay_end TERM
else
    wait "$relay_pid" || true
    relay_pid=
fi
ok "the card follows it" "$DAYBOOK_RELAY" card --data "$T/relay" --tls-cert "$T/own.crt"
equal "with its pin" "tls-pin $(pin_of "$T/own.crt")" "$(grep ^tls-pin "$card")"
ok "nothing of this harmed the data" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
