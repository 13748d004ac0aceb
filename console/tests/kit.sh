# shellcheck shell=bash
# Shared by the tests of the console's pages beside this file: NAME.sh sets up real stores and a
# real relay (tests/cli/lib.sh), and `browse NAME` lets NAME.ts look at them with a browser.
console=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$console/../tests/cli/lib.sh"

skip() {
    echo "skipped: $1"
    exit 77
}

chromium=$(command -v chromium || command -v chromium-browser) || skip "no chromium"
command -v node >/dev/null || skip "no node"
[ -d "$console/node_modules/playwright-core" ] || skip "npm ci was not run in console"
"$DAYBOOK" --store "$T/none" console 2>&1 | grep -q "built without its console" &&
    skip "this daybook was built without its console"

# The agents' sockets, and no wait for the passphrase of the day.
export XDG_RUNTIME_DIR=$T/run
mkdir "$XDG_RUNTIME_DIR"

# told NAME...: these variables, for NAME.ts
declare -A tell=()
told() {
    local name
    for name; do tell[$name]=${!name}; done
}

browse() {
    local name=$1 key
    {
        for key in "${!tell[@]}"; do printf '%s=%s\n' "$key" "${tell[$key]}"; done
    } >"$T/told"
    node "$console/node_modules/esbuild/bin/esbuild" "$console/tests/$name.ts" --bundle \
        --platform=node --format=esm --external:playwright-core --log-level=warning \
        --outfile="$console/node_modules/.daybook/$name-$$.mjs"
    T=$T CHROMIUM=$chromium AXE=$console/node_modules/axe-core/axe.min.js \
        node "$console/node_modules/.daybook/$name-$$.mjs" || fail "the browser's part of $name"
    rm -f "$console/node_modules/.daybook/$name-$$.mjs"
}
