#!/usr/bin/env bash
# Goal: packaging/nginx/daybook.conf in front of a relay: devices sync through it by the relay's
# pin, malformed requests stop there, limits hold, and what the relay counts and logs is the
# client's address, not the proxy's (A31, A32).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
command -v nginx >/dev/null || { echo "skipped: nginx isn't installed (./dev setup)"; exit 77; }

# ---- the relay, and nginx with the configuration as it is shipped ----------------------------
free_port() {
    "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
ok "a relay" "$DAYBOOK_RELAY" init "$T/relay"
for wide in 0.0.0.0:0 "[::]:0"; do
    run "$DAYBOOK_RELAY" serve --data "$T/relay" --listen "$wide" --behind-http-proxy
    equal "others would name any client: $wide" 2 "$status"
    has "and it is said" '127\.0\.0\.1' "$err"
done
run "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 --behind-http-proxy --behind-proxy
equal "one kind of proxy" 2 "$status"
relay_start --behind-http-proxy
behind=$relay_url
port=$(free_port)
mkdir "$T/nginx"
sed -e "s|listen 443 ssl|listen 127.0.0.1:$port ssl|" -e '/listen \[::\]/d' \
    -e "s|127\.0\.0\.1:8444|${behind#https://}|" -e "s|/var/lib/daybook-relay|$T/relay|" \
    -e "s|/var/log/nginx|$T/nginx|" "$SRC/packaging/nginx/daybook.conf" >"$T/nginx/daybook.conf"
hasnt "all places were found" '/var/|:8444|listen 443' "$(<"$T/nginx/daybook.conf")"
user=
[ "$(id -u)" != 0 ] || user="user root;"
cat >"$T/nginx/nginx.conf" <<CONF
$user
daemon off;
worker_processes 1;
pid $T/nginx/pid;
error_log $T/nginx/error.log;
events { worker_connections 512; }
http {
    client_body_temp_path $T/nginx/body;
    proxy_temp_path $T/nginx/proxy;
    fastcgi_temp_path $T/nginx/fastcgi;
    uwsgi_temp_path $T/nginx/uwsgi;
    scgi_temp_path $T/nginx/scgi;
    include $T/nginx/daybook.conf;
}
CONF
ok "nginx takes the configuration" nginx -t -p "$T/nginx" -e "$T/nginx/error.log" \
    -c "$T/nginx/nginx.conf"
nginx -p "$T/nginx" -e "$T/nginx/error.log" -c "$T/nginx/nginx.conf" \
    >"$T/nginx/out" 2>&1 </dev/null &
nginx_pid=$!
others+=("$nginx_pid")
web() { run curl -sS -k --max-time 20 "$@"; }
front=https://127.0.0.1:$port
for _ in $(seq 100); do
    web "$front/healthz"
    [ "$status" != 0 ] || break
    sleep 0.05
done
equal "the relay answers through nginx" "ok" "$out"

# ---- a whole story --------------------------------------------------------------------------
passphrase_for admin
relay_url=$front
must admin org create "Op Rowan" --relay-card "$T/relay/relay-card.txt" --relay "$front"
enrol amir officer "Op Rowan"
for n in $(seq 20); do must amir add person name="Somebody $n"; done
must amir sync
must admin sync
equal "notes arrive, both ways through nginx" 20 "$(ids admin | wc -l)"
must amir sync
must amir --json status
json "with receipts" "[s['own_ops'] - s['own_at_relay'] for s in d['spaces']]" "[0]"
web --tls-max 1.2 "$front/healthz"
[ "$status" != 0 ] || fail "TLS 1.2 is refused" "$out"

# ---- whose address --------------------------------------------------------------------------
line() { tail -n 1 "$T/relay.log"; }
web --interface 127.1.2.3 "$front/nothing"
has "the log has the client's network" 'call=none status=404 .* peer=127\.1\.2\.0 ' "$(line)"
web --interface 127.1.2.3 -H 'X-Real-IP: 192.0.2.1' "$front/nothing"
has "whatever the client says it is" 'status=404 .* peer=127\.1\.2\.0 ' "$(line)"
web -o /dev/null -w '%{http_code}' "$behind/healthz"
equal "who doesn't come by nginx is nobody" 400 "$out"
web -o /dev/null -w '%{http_code}' -H 'X-Real-IP: 192.0.2.1, 10.0.0.1' "$behind/healthz"
equal "and a list of addresses is no address" 400 "$out"

# ---- limits ---------------------------------------------------------------------------------
# strangers ADDRESS COUNT: the statuses that they get, counted
cat >"$T/strangers.py" <<'PY'
import collections, http.client, ssl, sys
port, address, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ctx = ssl._create_unverified_context()
got = collections.Counter()
c = None
for i in range(count):
    if i % 50 == 0:
        c = http.client.HTTPSConnection("127.0.0.1", port, context=ctx,
                                        source_address=(address, 0), timeout=20)
    c.request("POST", "/v1/hello", b'{"v":1}', {"Content-Type": "application/json"})
    r = c.getresponse()
    body = r.read()
    got[r.status] += 1
    if r.status == 429 and (b"too-often" not in body or not r.getheader("Retry-After")):
        got["strange"] += 1
print(" ".join(f"{k}:{got[k]}" for k in sorted(got, key=str)))
PY
strangers() { run "$python" "$T/strangers.py" "$port" "$@"; }
strangers 127.1.2.3 300
has "strangers at one address wait, by the relay's count" '^401:1[0-9]{2} 429:[0-9]+$' "$out"
strangers 127.1.9.9 5
equal "those at another don't" "401:5" "$out"
must amir sync # and a device is served
cat >"$T/slow.py" <<'PY'
import socket, ssl, sys, time
port = int(sys.argv[1])
ctx = ssl._create_unverified_context()

def connect(address):
    raw = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
    s = ctx.wrap_socket(raw)
    s.settimeout(20)
    return s

body = (b"POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 7\r\n\r\n{")
held = [connect("127.1.3.3") for _ in range(70)]
for s in held:
    s.sendall(body)
time.sleep(0.5)
refused = 0
for s in held:
    s.settimeout(0.1)
    try:
        refused += b" 429 " in s.recv(4096)
    except TimeoutError:
        pass
print("held back:", refused)
for s in held:
    s.close()
s = connect("127.1.3.4")
began = time.monotonic()
s.sendall(b"GET /healthz HTTP/1.1\r\n")
data = s.recv(4096)
print("cut:", data[:12] == b"" or b" 408 " in data, time.monotonic() - began < 9)
PY
run "$python" "$T/slow.py" "$port"
equal "one address has 64 requests at a time, and a head has 5 seconds" \
    "held back: 6 cut: True True" "$(paste -sd ' ' <<<"$out")"

# ---- malformed requests ---------------------------------------------------------------------
cat >"$T/bad.py" <<'PY'
import socket, ssl, sys
port = int(sys.argv[1])
ctx = ssl._create_unverified_context()

def answer(raw):
    s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", port)))
    s.settimeout(3)
    s.sendall(raw)
    data = b""
    try:
        while part := s.recv(65536):
            data += part
    except (OSError, TimeoutError):
        pass
    return [line for line in data.split(b"\r\n") if line.startswith(b"HTTP/1.")]

H = b"Host: x\r\n"
P = b"POST /v1/hello HTTP/1.1\r\n" + H
G = b"GET /healthz HTTP/1.1\r\n"
C = b"Connection: close\r\n\r\n"
second = G + H + C
bad = {
    "length and chunks": P + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n" + second,
    "unknown coding": P + b"Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + second,
    "two lengths": P + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde" + second,
    "length +": P + b"Content-Length: +3\r\n\r\nabc" + second,
    "no host": G + C,
    "two hosts": G + H + b"Host: y\r\n" + C,
    "fold": G + H + b"A: b\r\n c\r\n" + C,
    "space before colon": P + b"Content-Length : 3\r\n\r\nabc" + second,
    "zero byte in a field": G + H + b"A: b\0c\r\n" + C,
    "control byte in a name": G + H + b"A\x01: b\r\n" + C,
    "escaped": b"GET /health%7a HTTP/1.1\r\n" + H + C,
    "dots": b"GET /v1/../healthz HTTP/1.1\r\n" + H + C,
    "HTTP/2 in clear": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TRACE": b"TRACE /healthz HTTP/1.1\r\n" + H + C,
    "many fields": G + H + b"A: b\r\n" * 60 + C,
    "big field": G + H + b"A: " + b"b" * 9000 + b"\r\n" + C,
    "bearer token": G + H + b"Authorization: Bearer x\r\n" + C,
    "large": P + b"Content-Length: 3000000\r\n\r\nabc",
    "garbage": b"\x16\x03\x01\x00\r\n\r\n",
}
wrong = []
for name, raw in bad.items():
    lines = answer(raw)
    if not lines or any(line[9:10] not in (b"4", b"5") for line in lines) or len(lines) > 1:
        wrong.append("%s: %s" % (name, lines))
print("\n".join(wrong) or "%d refused" % len(bad))
PY
run "$python" "$T/bad.py" "$port"
has "malformed requests are refused, once each: $out $err" '^1[0-9] refused$' "$out"

# ---- what it keeps, and without the relay ---------------------------------------------------
web "$front/healthz"
equal "proper ones are served after all that" "ok" "$out"
equal "nginx has written down nobody" "" "$(cat "$T/nginx/daybook.log" 2>/dev/null || true)"
hasnt "nor elsewhere" '127\.[0-9]+\.[0-9]+\.[0-9]+' "$(cat "$T/nginx/error.log" || true)"
relay_end TERM
web -o /dev/null -w '%{http_code}' "$front/healthz"
equal "without the relay it says so" 502 "$out"
wont "and the device keeps its notes" 13 . amir sync
kill -TERM "$nginx_pid"
wait "$nginx_pid" || true
finish
