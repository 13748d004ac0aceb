#!/usr/bin/env bash
# Goal: monitoring on the relay's machine reads its numbers in Prometheus's own format, they are
# those of what devices did, and they tell neither who nor where (issue 5.4, P3).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ok "a relay" "$DAYBOOK_RELAY" init "$T/relay"
for address in 0.0.0.0:0 192.0.2.1:0 '[::]:0' relay.example:0 127.0.0.1; do
    run "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 --metrics "$address"
    equal "metrics are not for others: $address" 2 "$status"
    has "and it says so: $address" "^daybook-relay: .*127\.0\.0\.1:PORT" "$err"
done
serve_measured() {
    relay_start --metrics 127.0.0.1:0
    metrics=$(sed -n 's/^metrics on //p' "$T/relay.out")
    has "it says where" '^http://127\.0\.0\.1:[1-9][0-9]*/metrics$' "$metrics"
}
serve_measured

# The text format 0.0.4, strictly: each family has its HELP and TYPE once and before its samples,
# which stand together; names and labels are of the grammar; no series twice; counters end in
# _total and are not negative; a histogram's buckets rise with `le`, end with +Inf, and that is its
# count.
cat >"$T/check.py" <<'PY'
import json, re, sys
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)')
TYPES = {"counter", "gauge", "histogram"}

def parse(text):
    wrong, series, types, helped, family = [], {}, {}, set(), None
    if not text.endswith("\n"):
        wrong.append("no line feed at the end")
    for line in text.split("\n")[:-1]:
        if m := re.fullmatch(rf"# HELP ({NAME}) (.+)", line):
            if m[1] in helped or m[1] in types:
                wrong.append("helped twice: " + line)
            helped.add(m[1])
            family = m[1]
        elif m := re.fullmatch(rf"# TYPE ({NAME}) ([a-z]+)", line):
            if m[1] in types or m[1] != family or m[2] not in TYPES:
                wrong.append("type: " + line)
            types[m[1]] = m[2]
        elif m := SAMPLE.fullmatch(line):
            base = m[1]
            if types.get(family) == "histogram":
                base = re.sub("_(bucket|sum|count)$", "", m[1])
            labels, rest = [], m[2] or ""
            while rest:
                l = LABEL.match(rest)
                if not l:
                    wrong.append("labels: " + line)
                    break
                labels.append((l[1], l[2]))
                rest = rest[l.end():]
            if base != family or base not in types:
                wrong.append("outside its family: " + line)
            if len({k for k, _ in labels}) != len(labels):
                wrong.append("label twice: " + line)
            key = m[1], tuple(sorted(labels))
            if key in series:
                wrong.append("series twice: " + line)
            series[key] = float(m[3])
            kind = types.get(base)
            if (kind == "counter") != m[1].endswith("_total"):
                wrong.append("counters and only they end in _total: " + line)
            if series[key] < 0 or (kind != "gauge" and not m[1].endswith("_sum")
                                   and series[key] != int(series[key])):
                wrong.append("value: " + line)
        else:
            wrong.append("not a line of the format: %r" % line)
    if set(types) != helped:
        wrong.append("without help or type: %s" % (set(types) ^ helped))
    for name, kind in types.items():
        if not re.fullmatch("daybook_relay_[a-z]+(_[a-z]+)*", name):
            wrong.append("name: " + name)
        if kind == "histogram":
            wrong += histogram(name, series)
    return wrong, series

def histogram(name, series):
    wrong, groups = [], {}
    for (n, labels), v in series.items():
        if n == name + "_bucket":
            rest = tuple(l for l in labels if l[0] != "le")
            groups.setdefault(rest, []).append((float(dict(labels)["le"]), v))
    for rest, buckets in groups.items():
        if buckets != sorted(buckets) or [v for _, v in buckets] != sorted(v for _, v in buckets):
            wrong.append("buckets don't rise: %s%s" % (name, rest))
        if buckets[-1][0] != float("inf") or buckets[-1][1] != series.get((name + "_count", rest)):
            wrong.append("+Inf isn't the count: %s%s" % (name, rest))
        if (name + "_sum", rest) not in series:
            wrong.append("no sum: %s%s" % (name, rest))
    if not groups:
        wrong.append("no buckets: " + name)
    return wrong

# It finds what is wrong, or it is no check.
GOOD = '# HELP daybook_relay_a_total x\n# TYPE daybook_relay_a_total counter\n' \
       'daybook_relay_a_total{b="c"} 1\n'
assert parse(GOOD)[0] == []
for old, new in (("# HELP", "# HALP"), ("counter", "number"), ("_total{", "_tot{"), ("} 1", "} -1"),
                 ('"c"', '"c'), ("} 1\n", "} 1"), (" 1", " 1.5"), ('b="c"', 'b="c",b="d"'),
                 ("a_total x", "b_total x")):
    assert parse(GOOD.replace(old, new))[0], new
H = "# HELP daybook_relay_h x\n# TYPE daybook_relay_h histogram\n"
B = 'daybook_relay_h_bucket{le="1"} %d\ndaybook_relay_h_bucket{le="+Inf"} %d\n' \
    "daybook_relay_h_sum 1\ndaybook_relay_h_count %d\n"
assert parse(H + B % (1, 2, 2))[0] == []
for bad in (B % (3, 2, 2), B % (1, 2, 3), (B % (1, 2, 2)).replace("_sum", "_cnt")):
    assert parse(H + bad)[0], bad

wrong, series = parse(open(sys.argv[1]).read())
print(json.dumps({"wrong": wrong, "series": {
    n + "".join(",%s=%s" % l for l in labels): v for (n, labels), v in series.items()}}))
PY
# scrape: the numbers as they stand now, checked
scrape() {
    ok "a scrape" curl -sS --max-time 10 -D "$T/head" -o "$T/text" "$metrics"
    has "of its type" '^Content-Type: text/plain; version=0\.0\.4' "$(<"$T/head")"
    ok "it is read" "$python" "$T/check.py" "$T/text"
    json "by the format's own rules" "d['wrong']" "[]"
}
number() { json "$1" "int(d['series']['daybook_relay_$2'])" "$3"; }

scrape
number "nothing was pushed" "segments_total,result=accepted" 0
number "it is well" healthy 1
json "its version" "[s for s in d['series'] if 'build_info' in s]" \
    "['daybook_relay_build_info,version=$("$DAYBOOK_RELAY" --version | cut -d' ' -f2)']"
json "the disk has room" "d['series']['daybook_relay_disk_free_bytes'] > 0" True

# ---- what devices did -----------------------------------------------------------------------
passphrase_for admin
must admin org create "Op Linden" --relay-card "$T/relay/relay-card.txt" --relay "$relay_url"
enrol amir officer "Op Linden"
for n in 1 2 3; do must amir add person name="Zebulon $n"; done
must amir sync
must admin sync
curl -sk "$relay_url/healthz" >"$T/health"
curl -sk "$relay_url/nothing" >/dev/null
scrape
number "one space" spaces 1
json "what was pushed is in the log" "d['series']['daybook_relay_segments_total,result=accepted'] \
    == d['series']['daybook_relay_log_segments'] >= 1" True
json "coarsely by space" "d['series']['daybook_relay_space_segments,space=1']" 64.0
number "its bytes, too" "space_bytes,space=1" 65536
number "no witness in the policy" witnesses 0
number "so all of it waits for one" unwitnessed_segments \
    "$(py "int(d['series']['daybook_relay_log_segments'])")"
number "health was asked once" "request_duration_seconds_count,call=health" 1
number "a call that isn't there" "rejects_total,cause=unknown" 1
json "no refusal without a word" "d['series']['daybook_relay_rejects_total,cause=other']" 0.0
pushes=$(py "int(d['series']['daybook_relay_request_duration_seconds_count,call=push'])")
equal "pushes are those of the log" "$pushes" "$(grep -c 'call=push status=200' "$T/relay.log")"
json "each transaction was timed" "d['series']['daybook_relay_fsync_seconds_count'] \
    == d['series']['daybook_relay_commits_total'] >= 4" True

# ---- who it is, is nobody's business --------------------------------------------------------
{
    must admin --json space list
    py "'\n'.join(r['space'] for r in d)"
    must admin --json device list
    py "'\n'.join(r['device'] for r in d)"
    printf '%s\n' Linden Zebulon amir 127.0.0
} | grep . | sort -u >"$T/secret"
[ "$(wc -l <"$T/secret")" -ge 7 ] || fail "ids were found" "$(<"$T/secret")"
while read -r word; do
    hasnt "no $word" "$(cut -c 1-12 <<<"$word")" "$(<"$T/text")"
done <"$T/secret"

# ---- the door -------------------------------------------------------------------------------
port=${metrics##*:}
port=${port%/metrics}
cat >"$T/door.py" <<'PY'
import socket, sys, time
def ask(raw, wait=True):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.settimeout(15)
    data = b""
    try:
        s.sendall(raw)
        while wait:
            part = s.recv(65536)
            if not part:
                break
            data += part
    except ConnectionError:
        pass
    return data.split(b"\r\n")[0].decode()
H = b"Host: x\r\n"
G = b"GET /metrics HTTP/1.1\r\n"
E = b"\r\n"
V = b" HTTP/1.1\r\n" + H + E
bad = {
    400: [G + E, G + H + H + E, G + H + b"A : b\r\n" + E, G + H + b"A:b\r\n" + E,
          G + H + b"A: b\r\n c\r\n" + E, G + H + b"A: \x07\r\n" + E, E + E,
          G + H + b"A: b\rB: c\r\n" + E, G + H + b"A: b\nB: c\r\n" + E,
          G + H + b"novalue\r\n" + E, b"GET /metrics\r\n" + E, b"get /metrics" + V,
          G + H + b"Transfer-Encoding: chunked\r\n" + E, b"HEAD /metrics" + V,
          b"GET /metrics HTTP/1.0\r\n" + H + E, b"GET  /metrics" + V,
          G + H + b"Authorization: Bearer x\r\n" + E, G + H + b"A: b\r\n" * 60 + E,
          G + H + b"Content-Length: 3\r\n" + E + b"abc"],
    404: [b"GET /" + V, b"GET /metrics?a=b" + V, b"GET /metrics/" + V, b"GET /healthz" + V,
          b"GET /v1/members" + V,
          b"POST /metrics HTTP/1.1\r\n" + H + b"Content-Length: 0\r\n" + E],
}
for status, raws in bad.items():
    for raw in raws:
        got = ask(raw)
        if not got.startswith("HTTP/1.1 %d " % status):
            print(status, raw, got)
for raw in (G + H + b"A: " + b"b" * 20000, G + H + b"A: b\0c\r\n\r\n"): # no head that ends
    got = ask(raw)
    if got:
        print(raw[:40], got)
began = time.monotonic() # who says nothing is in nobody's way for long
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
if not ask(G + H + b"\r\n").startswith("HTTP/1.1 200 "):
    print("a scrape isn't served any more")
if time.monotonic() - began > 8:
    print("a silent peer holds it up")
PY
run "$python" "$T/door.py" "$port"
equal "what is no proper request is refused" "" "$out$err"
relay_end TERM
finish
