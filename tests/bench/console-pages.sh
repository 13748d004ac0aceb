#!/usr/bin/env bash
# How long the console's first pages take over a store of many records until they can be used:
# prints, and never fails. FOLDER keeps the stores for the next time, as for console.sh.
# console-pages.sh [RECORDS] [FOLDER]
# shellcheck source=tests/bench/console-store.sh
source "$(dirname "${BASH_SOURCE[0]}")/console-store.sh"
console_store "${1:-100000}" "${2:-}"

chromium=$(command -v chromium || command -v chromium-browser) || fail "no chromium"
for device in desk amir; do must $device unlock --idle 60m; done
for device in desk amir; do
    "$DAYBOOK" --store "$T/$device" --json search bench >/dev/null || true # indexes what waits
done
printf 'load %s\n' "$(cut -d' ' -f1 /proc/loadavg)"
DAYBOOK=$DAYBOOK T=$T CHROMIUM=$chromium node "$SRC/tests/bench/console-pages.mjs" "$SRC"
for device in desk amir; do must $device lock; done
