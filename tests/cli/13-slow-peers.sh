#!/usr/bin/env bash
# Goal: who drips a handshake, a head or a body is cut off by an absolute deadline; others are
# served meanwhile, and the relay's descriptors return to what they were (A31, security.md F6).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ok "a relay" "$DAYBOOK_RELAY" init "$T/relay" --url https://127.0.0.1:8443
relay_start
port=${relay_url##*:}
descriptors() { find "/proc/$relay_pid/fd" -mindepth 1 | wc -l; }
before=$(descriptors)

cat >"$T/slow.py" <<'PY'
import select, socket, ssl, sys, threading, time
port = int(sys.argv[1])
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
EACH = 12

def tcp():
    return socket.create_connection(("127.0.0.1", port))

def tls():
    return ctx.wrap_socket(tcp())

def drip(s, data, lines):
    """One byte each 0.3 s, for ever: how long until the other end has had enough?"""
    s.setblocking(False)
    began = time.monotonic()
    while time.monotonic() - began < 25:
        readable, _, _ = select.select([s], [], [], 0.3)
        try:
            if readable and not s.recv(4096):
                break
            s.send(data[:1])
            data = data[1:] + data[:1]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            pass
        except OSError:
            break
    lines.append(time.monotonic() - began)

def handshake():
    return tcp(), b"\x16\x03\x01\x02\x00" + b"\x01" * 500

def silent():
    return tcp(), b""

def head():
    return tls(), b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 4000

def body():
    s = tls()
    s.sendall(b"POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              b"Content-Length: 400\r\n\r\n")
    return s, b" "

took = {}
threads = []
for kind in (silent, handshake, head, body):
    took[kind.__name__] = []
    for _ in range(EACH):
        s, data = kind()
        t = threading.Thread(target=drip, args=(s, data, took[kind.__name__]))
        t.start()
        threads.append(t)

# Honest peers, all the while.
honest = []
while any(t.is_alive() for t in threads):
    began = time.monotonic()
    s = tls()
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    if not s.recv(4096).startswith(b"HTTP/1.1 200 "):
        print("an honest peer was not served")
    s.close()
    honest.append(time.monotonic() - began)
    time.sleep(0.1)
for t in threads:
    t.join()
for kind, times in took.items():
    if min(times) < 4 or max(times) > 9:
        print("%s: cut off after %.1f to %.1f s" % (kind, min(times), max(times)))
honest.sort()
if len(honest) < 20 or honest[len(honest) * 95 // 100] > 2:
    print("honest peers: %d, the slowest took %.2f s" % (len(honest), honest[-1]))
PY
run "$python" "$T/slow.py" "$port"
equal "drips are cut off 5 s after they began, others are served" "" "$out$err"
for stage in opening body; do
    has "the log counts them" "event=cut stage=$stage connections=[0-9]+" "$(<"$T/relay.log")"
done
for _ in $(seq 40); do
    [ "$(descriptors)" -gt "$before" ] || break
    sleep 0.25
done
equal "no descriptor is left" "$before" "$(descriptors)"
relay_end TERM
finish
