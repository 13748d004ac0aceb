#!/usr/bin/env python3
"""A second reader of the golden vectors, written from docs/format/crypto.md and the RFCs alone: no
line of it comes from the C code, and it needs nothing but Python. If both agree, the documents say
what the program does. (Python has no Argon2id: of the slot file only the MAC is read.) Slow and
not constant-time: for vectors only."""
import base64
import hashlib
import json
import os
import struct

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    with open(os.path.join(HERE, name + ".json"), encoding="ascii") as f:
        return json.load(f)


def starting(vectors, start):
    return bytes.fromhex(next(v for k, v in vectors.items() if k.startswith(start)))


# ---- hashes ----------------------------------------------------------------------------------
def prefix(label):
    return bytes([len(label)]) + label.encode() + b"\x01"


def H(label, data):
    return hashlib.blake2b(prefix(label) + data, digest_size=32).digest()


def H16(label, data):
    return H(label, data)[:16]


# ---- Ed25519 (RFC 8032) and X25519 (RFC 7748) ------------------------------------------------
def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0
    return x if x & 1 == sign else P - x


def point(encoded):
    n = int.from_bytes(encoded, "little")
    y = n & ((1 << 255) - 1)
    return recover_x(y, n >> 255), y


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P
    return x, (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P


def multiply(n, a):
    out = (0, 1)
    while n:
        if n & 1:
            out = add(out, a)
        a = add(a, a)
        n >>= 1
    return out


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y)


def verifies(public, message, sig):
    s = int.from_bytes(sig[32:], "little")
    k = int.from_bytes(hashlib.sha512(sig[:32] + public + message).digest(), "little") % ORDER
    right = add(point(sig[:32]), multiply(k, point(public)))
    return s < ORDER and multiply(s, BASE) == right


def x25519(secret, u):
    k = int.from_bytes(secret, "little")
    k = k & ~7 & ~(128 << 248) | 64 << 248
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3 = 1, 0, x1, 1
    for t in reversed(range(255)):
        swap = k >> t & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


# ---- XChaCha20-Poly1305 (RFC 8439, draft-irtf-cfrg-xchacha) ----------------------------------
CHACHA = list(struct.unpack("<4I", b"expand 32-byte k"))
QUARTERS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
            (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def rotate(x, n):
    return (x << n | x >> (32 - n)) & 0xFFFFFFFF


def chacha_rounds(x):
    for _ in range(10):
        for a, b, c, d in QUARTERS:
            for s, t, u, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[s] = (x[s] + x[t]) & 0xFFFFFFFF
                x[u] = rotate(x[u] ^ x[s], n)
    return x


def hchacha(key, nonce):
    x = chacha_rounds(CHACHA + list(struct.unpack("<8I", key) + struct.unpack("<4I", nonce)))
    return struct.pack("<8I", *(x[:4] + x[12:]))


def chacha_block(key, counter, nonce):
    start = CHACHA + list(struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce))
    end = chacha_rounds(start[:])
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(start, end)))


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        block = int.from_bytes(message[at:at + 16] + b"\x01", "little")
        total = (total + block) * r % (2**130 - 5)
    return (total + int.from_bytes(key[16:], "little") & 2**128 - 1).to_bytes(16, "little")


def pad16(data):
    return data + bytes(-len(data) % 16)


def aead_open(key, nonce, aad, sealed):
    key, nonce = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    text, tag = sealed[:-16], sealed[-16:]
    lengths = struct.pack("<QQ", len(aad), len(text))
    assert poly1305(chacha_block(key, 0, nonce)[:32], pad16(aad) + pad16(text) + lengths) == tag
    out = b""
    for at in range(0, len(text), 64):
        stream = chacha_block(key, 1 + at // 64, nonce)
        out += bytes(a ^ b for a, b in zip(text[at:at + 64], stream))
    return out


# ---- the layouts -----------------------------------------------------------------------------
def tree(label, leaves):
    if not leaves:
        return H(label, b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return H(label, b"\x01" + tree(label, leaves[:k]) + tree(label, leaves[k:]))


def read_hashes():
    v = load("hashes")
    for name, value in v.items():
        if name.startswith("daybook/"):
            assert H(name, b"daybook").hex() == value, name
    device = H16("daybook/device-id/1", b"\x01" * 32 + b"\x02" * 32)
    assert device == starting(v, "device id")
    feed = H16("daybook/feed-id/1", device + b"\x03" * 16 + b"\x04" * 16)
    assert feed == starting(v, "feed id")


def record_id(space, form, head):
    return head + H("daybook/record-id/1", space + head + form.encode())[:5]


def with_bits(data, version):
    return (data[:6] + bytes([version << 4 | data[6] & 15]) + data[7:8]
            + bytes([0x80 | data[8] & 63]) + data[9:11])


def read_record_ids():
    v = load("record_id")
    space, other = b"S\x01".ljust(16, b"\0"), b"S\x02".ljust(16, b"\0")
    fresh = with_bits(struct.pack(">Q", 0x017F22E279B0)[2:] + bytes.fromhex("0cc318c4dc"), 7)
    for form in ("person", "restricted_marker", "audit"):
        assert record_id(space, form, fresh).hex() == v["new: " + form]
        assert record_id(space, form, with_bits(other, 8)).hex() == v["derived: " + form]
    given = H16("daybook/given-id/1", bytes.fromhex("017f22e279b07cc398").ljust(16, b"\0"))
    assert record_id(space, "person", with_bits(given, 8)) == starting(v, "for the given id")


def read_segment():
    v = {name: bytes.fromhex(value) for name, value in load("segment").items()}
    header, body, label = v["header"], v["body"], "daybook/tree/ops/1"
    public = v["device sign key (seed, public key)"][32:]
    assert len(header) == 300 and header[:8] == b"DBKS\x01\x01\x00\x02"
    assert verifies(public, prefix("daybook/segment/1") + header[:236], header[236:])
    assert H("daybook/segment-header/1", header[:236]) == v["header hash"]
    assert H16("daybook/key-id/1", v["epoch key"]) == v["key id"] == header[96:112]
    assert int.from_bytes(header[232:236], "big") == len(body)
    at, leaves = 0, []
    for index in range(2):
        tag, size = struct.unpack(">BI", body[at:at + 5])
        frame = body[at:at + 5 + size]
        leaves.append(H(label, b"\x00" + frame))
        aad = prefix("daybook/op/1") + header[:200] + struct.pack(">I", index)
        nonce = header[184:200] + struct.pack(">Q", index)
        key = H("daybook/op-key/1", v["epoch key"] + frame[5:21])
        plain = aead_open(key, nonce, aad, frame[21:])
        encoding, length = struct.unpack(">BI", plain[:5])
        assert tag == 1 and encoding == 0 and len(plain) == 256
        assert plain[5:5 + length] == v["op %d" % index] and not any(plain[5 + length:])
        at += len(frame)
    assert at == len(body) and tree(label, leaves) == v["op root"] == header[200:232]
    read_dropped(v)


def read_locked():
    v = {name: bytes.fromhex(value) for name, value in load("locked").items()}
    locked, openers, at, of, body, leaves = v["locked body"], v["openers"], 8, 1, b"", []
    while of < len(openers):
        head, leaf = locked[at:at + 5], locked[at + 5:at + 37]
        n = int.from_bytes(openers[of:of + 2], "big")
        end = at + 37 + int.from_bytes(head[1:], "big") - n
        body += head + openers[of + 2:of + 2 + n] + locked[at + 37:end]
        at, of, leaves = end, of + 2 + n, leaves + [leaf]
    assert not any(locked[:8]) and at == len(locked) and body == v["body"]
    assert openers[0] == len(leaves) and tree("daybook/tree/ops/1", leaves) == v["op root"]


def read_dropped(v):
    header, body, at = v["writer's header"], v["writer's body"], 0
    secret = H("daybook/drop-seed/1", v["epoch key"])
    assert x25519(secret, b"\x09" + bytes(31)) == v["drop key"]
    assert header[96:112] == v["key id"] and header[184:200] != v["header"][184:200]
    for index in range(2):
        tag, size = struct.unpack(">BI", body[at:at + 5])
        ephemeral, sealed = body[at + 5:at + 37], body[at + 37:at + 5 + size]
        key = H("daybook/drop/1", x25519(secret, ephemeral) + ephemeral + v["drop key"])
        aad = prefix("daybook/op/1") + header[:200] + struct.pack(">I", index)
        plain = aead_open(key, header[184:200] + struct.pack(">Q", index), aad, sealed)
        length, = struct.unpack(">I", plain[1:5])
        assert tag == 2 and plain[5:5 + length] == v["op %d" % index]
        at += 5 + size
    assert at == len(body)


def read_log():
    v, label = load("log"), "daybook/tree/log/1"
    leaves = [H(label, b"\x00" + struct.pack(">Q", 1763949600000 + i) + bytes([i]) * 32)
              for i in range(7)]
    for size in (0, 3, 7):
        assert tree(label, leaves[:size]) == starting(v, "root of %d" % size)
    right_edge = [tree(label, leaves[:4]), tree(label, leaves[4:6]), leaves[6]]
    assert struct.pack(">Q", 7) + b"".join(right_edge) == starting(v, "frontier")
    inclusion = [leaves[3], tree(label, leaves[:2]), tree(label, leaves[4:])]
    assert b"".join(inclusion) == starting(v, "inclusion")
    consistency = [leaves[2], leaves[3], tree(label, leaves[:2]), tree(label, leaves[4:])]
    assert b"".join(consistency) == starting(v, "consistency")
    public = starting(v, "relay key")[32:]
    message = b"".join(bytes([b]) + bytes(15) for b in (0x11, 0x22, 0x33))
    message += struct.pack(">QQ", 2, 1763949600002) + b"\x44" + bytes(31)
    assert verifies(public, prefix("daybook/receipt/1") + message, starting(v, "receipt"))
    text, lines = starting(v, "checkpoint").decode().split("\n\n")
    dash, name, blob = lines.split()
    blob = base64.b64decode(blob, validate=True)
    assert dash == "\u2014" and name == "relay"
    assert blob[:4] == hashlib.sha256(b"relay\n\x01" + public).digest()[:4]
    assert verifies(public, (text + "\n").encode(), blob[4:])
    text, lines = starting(v, "cosigned").decode().split("\n\n")
    _, name, blob = lines.split("\n")[1].split()
    blob, witness = base64.b64decode(blob, validate=True), starting(v, "witness key")
    assert name == "witness-" + H16("daybook/signer-id/1", witness).hex()
    assert blob[:4] == hashlib.sha256(name.encode() + b"\n\x04" + witness).digest()[:4]
    message = "cosignature/v1\ntime %d\n%s\n" % (int.from_bytes(blob[4:12], "big"), text)
    assert verifies(witness, message.encode(), blob[12:])


def cbor(data, at=0):
    """One item of deterministic CBOR and the place behind it."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return {20: False, 21: True, 22: None}[info], at
    if info >= 24:
        size = 1 << (info - 24)
        info, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major in (2, 3):
        raw = data[at:at + info]
        return (raw if major == 2 else raw.decode()), at + info
    if major == 0:
        return info, at
    items = []
    for _ in range(info * (2 if major == 5 else 1)):
        item, at = cbor(data, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2])) if major == 5 else items), at


ENTRY_KEYS = {0: (1, 2, 3, 4, 5, 6, 7, 10, 13), 1: (3, 4, 5, 6, 13), 2: (6, 7, 8, 10, 12, 13),
              3: (3, 5, 7, 9, 13), 4: (3, 11), 5: (7, 10, 13), 6: (15,), 7: (18, 19),
              8: (3, 7, 17), 9: (7, 16), 10: (7, 20, 21), 11: (7, 22)}


def read_entry(entry, root, admin, previous):
    """Fields and hash of an entry that follows `previous`: (seq, hash); by its one right signer."""
    (core, [[signer, sig]]), end = cbor(entry)
    fields, core_end = cbor(core)
    kind, body = fields[6], fields[8]
    public = root if kind in (0, 7) else admin
    assert end == len(entry) and core_end == len(core)
    assert fields[1] == 1 and fields[2] == 1 and (fields[4], fields[5]) == previous
    assert fields[3] == H16("daybook/org-id/1", root)
    assert tuple(body) == ENTRY_KEYS[kind]
    assert signer == H16("daybook/signer-id/1", public)
    digest = H("daybook/member-hash/1", core)
    assert verifies(public, prefix("daybook/member/1") + digest, sig)
    if 4 in body:
        assert H16("daybook/device-id/1", body[4][1] + body[4][2]) == body[3]
    return fields, digest


def read_membership():
    v = {name: bytes.fromhex(value) for name, value in load("membership").items()}
    root, admin = v["root key (seed, public key)"][32:], v["admin key (seed, public key)"][32:]
    previous = bytes(32)
    names = ("genesis", "enrol", "space", "grant", "revoke", "rotate", "policy", "recovery",
             "remove", "bar", "dispose", "floor")
    bodies = {}
    for kind, name in enumerate(names):  # each kind once, in their order
        fields, digest = read_entry(v[name], root, admin, (min(kind, 10), previous))
        assert fields[6] == kind and fields[3] == v["org id"]
        bodies[name] = fields[8]
        previous = digest if kind < 10 else previous  # the rest want a second signature
    policy = bodies["policy"][15]
    assert previous == v["head"] and list(policy) == [1, 2, 3, 4, 5, 6, 7]
    assert [policy[key] for key in (1, 2, 3, 4)] == [1, 24, 72, 90]
    for count, key in enumerate((5, 6, 7), 1):
        assert [len(k) for k in policy[key]] == [32] * count and bytes(32) not in policy[key]
    space, officer = bodies["space"][7], bodies["enrol"][3]
    [[moved, new, old, size, old_root]] = bodies["recovery"][18]
    assert moved == space and new != old and size == 9 and len(old_root) == 32
    assert bodies["recovery"][19] == "the relay was restored"
    assert bodies["remove"] == {3: bodies["genesis"][3], 7: space, 17: [[space, 12]]}
    assert bodies["bar"] == {7: space, 16: officer}
    assert bodies["dispose"] == {7: space, 20: [[officer, [3, 4]]], 21: b"\x09" * 32}
    assert bodies["floor"] == {7: space, 22: [b"\x0f" + bytes(15), 9, b"\x10\x0a" + bytes(30)]}


def parts(data, count):
    """That many byte strings with their lengths before them, and what is left."""
    out = []
    for _ in range(count):
        size, = struct.unpack(">I", data[:4])
        out.append(data[4:4 + size])
        assert len(out[-1]) == size
        data = data[4 + size:]
    return out, data


def read_note(note, relay, org):
    """Space, log, size and root that the relay signed."""
    text, lines = note.decode().split("\n\n")
    origin, size, root = text.split("\n")
    blob = base64.b64decode(lines.split()[2], validate=True)
    assert verifies(relay, (text + "\n").encode(), blob[4:])
    name, of, space, log = origin.split("/")
    assert name == "daybook" and of == org.hex()
    return space, log, int(size), base64.b64decode(root, validate=True)


def read_headers(run, device):
    """First seq, count and hash of the first of a run, the last of which the device signed."""
    headers = [run[at:at + 300] for at in range(0, len(run), 300)]
    for before, after in zip(headers, headers[1:]):
        assert after[64:96] == H("daybook/segment-header/1", before[:236])
        seq, count = struct.unpack(">Q", before[56:64]) + struct.unpack(">H", before[6:8])
        assert struct.unpack(">Q", after[56:64])[0] == seq + count
    first, last = headers[0], headers[-1]
    feed = H16("daybook/feed-id/1", device[3] + first[8:24] + first[40:56])
    assert all(h[:6] == b"DBKS\x01\x01" and h[24:40] == feed for h in headers)
    assert verifies(device[4][1], prefix("daybook/segment/1") + last[:236], last[236:])
    hashed = H("daybook/segment-header/1", first[:236])
    return struct.unpack(">Q", first[56:64])[0], struct.unpack(">H", first[6:8])[0], hashed


def grows(old_size, old_root, size, root, proof):
    """RFC 9162, 2.1.4.2, with the labels of the log."""
    def join(a, b):
        return H("daybook/tree/log/1", b"\x01" + a + b)
    proof = ([old_root] if old_size & (old_size - 1) == 0 else []) + proof
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for node in proof[1:]:
        assert sn
        if fn & 1 or fn == sn:
            fr, sr = join(node, fr), join(node, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = join(sr, node)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (old_root, root, 0)


def read_evidence():
    v = {name: bytes.fromhex(value) for name, value in load("evidence").items()}
    root, relay, admin, officer = (v[name + " key (seed, public key)"][32:] for name in
                                   ("root", "relay", "admin", "officer's sign"))
    org = H16("daybook/org-id/1", root)
    for kind, name in enumerate(("feed", "chain", "views", "said", "back"), 1):
        assert v[name][:8] == b"DBKX\x01\x00\x00\x00"
        count, = struct.unpack(">I", v[name][8:12])
        entries, rest = parts(v[name][12:], count)
        [exhibit], rest = parts(rest, 1)
        x, end = cbor(exhibit)
        assert rest == b"" and end == len(exhibit) and x[1] == 1 and x[2] == kind
        assert list(x) == ([1, 2, 3, 4, 5, 6] if kind in (3, 4) else [1, 2, 3, 4])
        assert count == (1 if kind in (3, 5) else 2)
        head, device = (0, bytes(32)), None
        for entry in entries:
            fields, digest = read_entry(entry, root, admin, head)
            head, device = (head[0] + 1, digest), fields[8]
        if count == 2:
            assert device[4][1] == officer
        {1: shows_feed, 2: shows_chain, 3: shows_views, 4: shows_said, 5: shows_back}[kind](
            x, device=device, head=head, root=root, admin=admin, relay=relay, org=org)


def shows_feed(x, device, **_):
    a, b = read_headers(x[3], device), read_headers(x[4], device)
    assert x[3][24:40] == x[4][24:40] and a[2] < b[2]
    assert a[0] < b[0] + b[1] and b[0] < a[0] + a[1]  # they share a seq


def shows_chain(x, head, root, admin, **_):
    hashes = [read_entry(entry, root, admin, head)[1] for entry in (x[3], x[4])]
    assert hashes[0] < hashes[1]


def shows_views(x, relay, org, **_):
    a, b = read_note(x[3], relay, org), read_note(x[4], relay, org)
    assert a[:2] == b[:2] and 0 < b[2] <= a[2] and b[3] != x[5]
    assert grows(b[2], x[5], a[2], a[3], x[6])


def shows_said(x, device, relay, org, **_):
    a = read_note(x[3], relay, org)
    read_headers(x[4], device)
    size, = struct.unpack(">Q", x[4][144:152])
    assert len(x[4]) == 300 and x[4][8:24].hex() == a[0]
    assert 0 < size <= a[2] and x[4][152:184] != x[5] and grows(size, x[5], a[2], a[3], x[6])


def shows_back(x, relay, org, **_):
    a, b = read_note(x[3], relay, org), read_note(x[4], relay, org)
    assert a[0] == b[0] and (a[1] != b[1] or b[2] < a[2])


def read_seal():
    v = load("seal")
    org, space, device = (bytes([b]) + bytes(15) for b in (0x11, 0x22, 0x33))
    epoch_key, key_id = starting(v, "epoch key"), starting(v, "key id")
    assert H("daybook/key-commitment/1", epoch_key) == starting(v, "key commitment")
    wrap = starting(v, "wrap")
    shared = x25519(starting(v, "kem secret"), wrap[:32])
    key = H("daybook/wrap/1", shared + wrap[:32] + starting(v, "kem public"))
    aad = prefix("daybook/wrap-aad/1") + org + space + struct.pack(">Q", 1) + device + key_id
    assert aead_open(key, bytes(24), aad, wrap[32:]) == epoch_key
    label = starting(v, "label")
    aad = prefix("daybook/label/1") + org + device + key_id
    plain = aead_open(H("daybook/label-key/1", epoch_key), label[16:40], aad, label[40:])
    assert label[:16] == key_id and plain == b"\x00\x07PC 4711" + bytes(55)
    for kinds, before in (b"\x01", ""), (b"\x01\x02", "recovery: "):
        slots, store_key = starting(v, before + "slot file"), starting(v, before + "store key")
        mac_key = H("daybook/slot-mac/1", store_key)
        covered = prefix("daybook/slot-file/1") + slots[:-32]
        assert hashlib.blake2b(covered, key=mac_key, digest_size=32).digest() == slots[-32:]
        assert slots[24:-32:140] == kinds and len(slots) == 24 + 140 * len(kinds) + 32
    start = "daybook-invite-1."
    assert v["invite"].startswith(start)
    invite, _ = cbor(base64.urlsafe_b64decode(v["invite"][len(start):] + "=="))
    assert list(invite) == [1, 2, 3, 4, 5, 6, 7, 8]
    scope = invite[5] + H16("daybook/org-id/1", invite[3])
    request = starting(v, "join request")
    plain = aead_open(H("daybook/join/1", invite[6]), request[:24],
                      prefix("daybook/join-aad/1") + scope, request[24:])
    join, end = cbor(plain)
    proof = prefix("daybook/join-proof/1") + scope + b"\xa2" + plain[1:end - 134]
    assert len(join[3]) == 2 and end == len(plain) and join[2] == "FLO laptop 7"
    assert verifies(join[1][1], proof, join[3][0]) and verifies(join[1][3], proof, join[3][1])


def gf_times(a, b):
    out = 0
    while b:
        out ^= a if b & 1 else 0
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return out


def gf_over(a, b):
    return next(q for q in range(256) if gf_times(q, b) == a)


def read_share(text):
    """Number, part, key and set of a share; its lines are checked on the way."""
    alphabet, block = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", b""
    lines = [line for line in text.split("\n") if line[:1].isdigit()]
    for number, line in enumerate(lines, 1):
        before, symbols = line.replace(" ", "").split(":")
        bits = "".join(format(alphabet.index(c), "05b") for c in symbols)
        data = bytes(int(bits[i:i + 8], 2) for i in range(0, (len(bits) - 20) // 8 * 8, 8))
        check = H("daybook/share-line/1", bytes([number]) + data)
        assert before == str(number)
        assert format(int.from_bytes(check[:3], "big") >> 4, "020b") == bits[-20:]
        block += data
    need, count, number, name = block[6:10]
    assert block[:6] == b"DBKR\x01\x01" and len(block) == 42 + 16 * count + 32 + name + 8
    assert H("daybook/share/1", block[:-8])[:8] == block[-8:]
    key, rows, part = block[10:42], block[42:42 + 16 * count], block[42 + 16 * count:][:32]
    assert H16("daybook/share-part/1", block[8:9] + key + part) == rows[16 * (number - 1):][:16]
    name = block[-8 - name:-8]
    return number, part, key, H16("daybook/share-set/1", block[6:8] + key + rows + name)


def read_shares():
    v = {name: bytes.fromhex(value) for name, value in load("shares").items()}
    shares = [read_share(v["share %d" % i].decode()) for i in (1, 2, 3)]
    for (x, a, key, name), (y, b, _, _) in (shares[:2], shares[1:], shares[::2]):
        # The line through both points, at zero; in this field, minus is exclusive or.
        secret = bytes(gf_over(gf_times(p, y) ^ gf_times(q, x), x ^ y) for p, q in zip(a, b))
        assert secret == v["secret key"] and key == v["recovery key"] and name == v["set"]
        assert x25519(secret, b"\x09" + bytes(31)) == key
    assert H16("daybook/recovery-print/1", key) == v["its print"]


def unbase64(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def read_referral():
    v = {name: bytes.fromhex(value) for name, value in load("referral").items()}
    kem, sign, package = v["kem"], v["sign"], v["package"]
    secret = H("daybook/drop-seed/1", v["recipient's secret"])
    assert x25519(secret, b"\x09" + bytes(31)) == kem
    assert H16("daybook/recipient/1", kem + sign) == v["recipient's id"]
    text = unbase64(v["recipient's text"].removeprefix(b"daybook-recipient-1."))
    assert text == kem + sign + H("daybook/recipient-text/1", kem + sign)[:4]
    assert package[:8] == b"DBKF\x01\x01\x00\x00" and package[8:24] == v["recipient's id"]
    shared = x25519(secret, package[24:56])
    key = H("daybook/package-key/1", H("daybook/drop/1", shared + package[24:56] + kem))
    padded = aead_open(key, bytes(24), prefix("daybook/package-aad/1") + package[:56], package[56:])
    length = int.from_bytes(padded[1:5], "big")
    assert padded == v["padded, opened"] and padded[0] == 0 and not any(padded[5 + length:])
    (core, sig), end = cbor(padded[5:5 + length])
    assert end == length
    message = prefix("daybook/package/1") + H("daybook/package-core/1", core)
    assert verifies(v["sender's key"], message, sig)
    told = cbor(core)[0]
    assert list(told) == list(range(1, 11)) and told[4] == v["recipient's id"] and told[6] == 1
    assert told[9] == "Never at work.\n" and told[10][0] == ["person.name", "Name", "Joan Marsh"]
    assert H("daybook/package-file/1", package) == v["hash of the package"]
    answer = unbase64(v["answer"].removeprefix(b"daybook-answer-1."))
    assert answer[:32] == v["recipient's id"] + told[5] and answer[64:66] == b"\x06\x02"
    assert verifies(sign, prefix("daybook/answer/1") + answer[:74], answer[74:])


def read_form_pack():
    v = load("form_pack")
    org, device, key, pack = (bytes.fromhex(v[name]) for name in
                              ("organisation", "device", "device's signing key", "pack"))
    (magic, core, sig), end = cbor(pack)
    assert end == len(pack) and magic == "daybook form pack"
    content, end = cbor(core)
    assert end == len(core) and list(content) == [1, 2, 3, 4, 5, 6, 7]
    assert content[1] == content[2] == 1 and content[3] == org and content[4] == device
    assert content[5] == v["name"] and content[6] == int(v["time"])
    assert content[7] == [[1, bytes.fromhex(v["form"])], [2, bytes.fromhex(v["tool"])]]
    hashed = H("daybook/form-pack-hash/1", core)
    assert hashed == bytes.fromhex(v["hash"])
    assert verifies(key, prefix("daybook/form-pack/1") + hashed, sig)


for read in (read_hashes, read_record_ids, read_segment, read_locked, read_log, read_membership,
             read_evidence, read_seal, read_shares, read_referral, read_form_pack):
    read()
print("the vectors read as the documents say")
