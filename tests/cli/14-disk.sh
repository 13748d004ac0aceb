#!/usr/bin/env bash
# Goal: a relay whose disk is nearly full takes no notes, says so, and serves what it holds; devices
# keep theirs, and send them when there is room again (P1).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir "$T/relay"
mount -t tmpfs -o size=16m,mode=700 tmpfs "$T/relay" 2>/dev/null || exit 77
mounted=$T/relay
organisation "Op Rowan"
enrol amir officer "Op Rowan"
must amir add person name="Before"
must amir sync
run "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0 --disk-max 101
equal "there is no such share" 2 "$status"

head -c 15000k /dev/zero >"$T/relay/ballast" 2>/dev/null || true
must amir add person name="While it is full"
wont "the officer is told" 15 "no room" amir sync
must amir --json status
json "and the note is kept" "[s['own_ops'] - s['own_at_relay'] > 0 for s in d['spaces']]" "[True]"
must admin sync
equal "what is there is served" 1 "$(ids admin | wc -l)"
rm "$T/relay/ballast"
must amir sync
must admin sync
equal "with room again it goes on" 2 "$(ids admin | wc -l)"
relay_end TERM
umount "$T/relay"
mounted=
finish
