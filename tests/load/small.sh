#!/usr/bin/env bash
# Goal: a small load that has to pass on any machine. Counts must be right, memory and descriptors
# within their limits; times only as ratios, and with room.
set -euo pipefail
: "${LOAD:?the load program}" "${ATTACK:?the attack program}" "${DAYBOOK_RELAY:?daybook-relay}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
connections=1000
if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt 2200 ]; then
    echo "no more than $(ulimit -Hn) descriptors are to be had here"
    exit 77
fi
T=$(mktemp -d "${TMPDIR:-/tmp}/daybook-load.XXXXXX")
trap 'rm -rf "$T"' EXIT
judge() { python3 "$here/judge.py" "$@"; }
bad=0

"$LOAD" found "$T/many" --devices 1100 --share 11 --json |
    judge "an organisation of 1,100 devices" 'entries == 1201' || bad=1

# Service managers give few descriptors at first: the relay asks for what it needs.
cat >"$T/relay" <<'SH'
#!/bin/sh
ulimit -Sn 256
exec "$DAYBOOK_RELAY" "$@"
SH
chmod +x "$T/relay"

# A morning: a thousand devices with 2 notes each, all at once, each on a connection of its own.
"$LOAD" burst "$T/many" --relay "$T/relay" --connections $connections --threads 32 \
    --notes 2 --json >"$T/burst" || bad=1
judge "a thousand devices at once" 'failed == 0' 'written == 2000' 'receipted == 2000' \
    'arrived == 2000' 'lost == 0' 'twice == 0' 'strange == 0' 'relay_peak_mib <= 64' \
    <"$T/burst" || bad=1

# Twenty notes each, in one go.
"$LOAD" found "$T/few" --devices 150 --share 3 --json >/dev/null
"$LOAD" burst "$T/few" --relay "$DAYBOOK_RELAY" --connections 100 --notes 20 --json >"$T/burst" ||
    bad=1
judge "a hundred devices with 20 notes" 'failed == 0' 'arrived == 2000' 'lost == 0' 'twice == 0' \
    'strange == 0' <"$T/burst" || bad=1

# Strangers who drip and throw junk: the others are served, and nothing is left of it.
"$LOAD" siege "$T/few" --relay "$DAYBOOK_RELAY" --attack "$ATTACK" --connections 100 --rate 30 \
    --notes 4 --drips 200 --junk 100 --seconds 4 --pull --json >"$T/siege" 2>"$T/attack" || bad=1
judge "under attack" 'attacked_failed == 0' 'p99_ratio <= 10' 'attacked_relay_cores <= 0.6' \
    'baseline_after_s >= 0' 'lost == 0' 'twice == 0' <"$T/siege" || bad=1
judge "the attack" 'opened >= 200' 'junk >= 100' 'taken == 0' <"$T/attack" || bad=1
exit $bad
