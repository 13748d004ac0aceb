#!/usr/bin/env python3
"""The second reader, of snapshots and of words how far a device has a log: written from
docs/format/snapshot.md and crypto.md, as read.py is from the other pages."""
import struct

from read import H, H16, aead_open, load, prefix, verifies


def read_snapshot():
    v = {name: bytes.fromhex(value) for name, value in load("snapshot").items()}
    m, plain, word = v["manifest"], v["plaintext"], v["confirmation, by device 6600.."]
    assert m[:8] == b"DBKN\x01\x01\x00\x00" and word[:8] == b"DBKY\x01\x01\x00\x00"
    claim, bound, salt, wrap = m[8:240], m[:280], m[264:280], m[280:352]
    assert claim[:48] == b"".join(bytes([b]) + bytes(15) for b in (0x11, 0x22, 0x33))
    assert claim[184:216] == H("daybook/snapshot-plain/1", plain)
    assert struct.unpack(">QQ", claim[216:]) == (len(plain), 1)
    chunks, keys, note = struct.unpack(">I", m[352:356]) + struct.unpack(">HH", m[388:392])
    ids = [m[392 + 16 * i:408 + 16 * i] for i in range(keys)]
    assert chunks == 1 and keys == 2 and ids == sorted(ids)
    assert m[392 + 16 * keys:-64] == b"the relay's note" and note == 16
    hashed = H("daybook/snapshot-manifest/1", m[:-64])
    assert verifies(v["maker's key"], prefix("daybook/snapshot/1") + hashed, m[-64:])
    assert word[8:40] == H("daybook/snapshot-claim/1", claim)
    said = prefix("daybook/snapshot-confirm/1") + word[:64]
    assert verifies(v["confirmer's key"], said, word[64:])
    held = {H16("daybook/key-id/1", k): k for k in (v["key of epoch 1"], v["key of epoch 2"])}
    under = H("daybook/snapshot-wrap-key/1", b"".join(i + held[i] for i in ids))
    key = aead_open(under, wrap[:24], prefix("daybook/snapshot-wrap/1") + bound, wrap[24:])
    assert key == v["the snapshot's key"]
    aad = prefix("daybook/snapshot-chunk/1") + salt + bytes(4)
    packed = aead_open(key, bytes(24), aad, v["chunk 0"])
    inside = v["chunk 0, inside"]
    assert packed == b"\x00" + struct.pack(">I", len(inside)) + inside + bytes(251 - len(inside))
    assert m[356:388] == H("daybook/tree/snapshot/1", b"\x00" + v["chunk 0"])
    kinds, at = [], 0
    while at < len(plain):
        length = int.from_bytes(plain[at:at + 4], "big")
        kinds.append(plain[at + 4:at + 4 + length])
        at += 4 + length
    assert [k[0] for k in kinds] == [1, 1, 2, 3] and at == len(plain)
    assert kinds[0][1:4] == b"\x02\x00\x00" and len(kinds[0]) == 312  # merged, counts for nothing
    assert kinds[1][1:4] == b"\x05\x00\x00" and kinds[1][312:] == b"a sealed body"
    assert kinds[2][17:28] == b"\x00\x00\x00\x07a state"
    assert kinds[2][28:] == b"\x00\x00\x00\x00\x01" + b"\x00\x00\x00\x01\x00"
    assert kinds[3][1:] == struct.pack(">QQ", 2, 1)


def read_reach():
    v = {name.split(":")[0].split(" (")[0]: bytes.fromhex(x) for name, x in load("log").items()}
    word, public = v["reach"], v["relay key"][32:]  # any key does: whose it is, the chain says
    ids = [bytes([b]) + bytes(15) for b in (0x11, 0x22, 0x33, 0x55)]
    said = b"DBKH\x01\x01\x01\x00" + b"".join(ids[:3]) + struct.pack(">Q", 7)
    said += b"\x44" + bytes(31) + ids[3] + struct.pack(">Q", 1763949600007)
    assert word[:120] == said and len(word) == 184
    assert verifies(public, prefix("daybook/reach/1") + word[:120], word[120:])


read_snapshot()
read_reach()
print("the vectors of snapshots and of a device's word read as the documents say")
