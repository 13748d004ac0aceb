#!/usr/bin/env bash
# Goal: the five-minute walk in README.md runs as it stands there, but for the build, the port, and
# a longer wait for the relay; and what docs/CLI.md says of exit statuses is so.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bin=$T/bin
mkdir "$bin"
ln -s "$DAYBOOK" "$bin/daybook"
ln -s "$DAYBOOK_RELAY" "$bin/daybook-relay"
port=$("$python" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')

{
    echo 'set -eu'
    sed -n '/^```sh walk$/,/^```$/{/^```/d;p}' "$SRC/README.md" |
        sed -e '/^\.\/dev build$/d' -e '/^export PATH=/d' -e "s/8443/$port/g" \
            -e 's/^sleep 1$/sleep 3/'
} >"$T/walk.sh"
[ "$(grep -c '^hq \|^amir ' "$T/walk.sh")" -ge 10 ] || fail "the walk was found in README.md"
cd "$T"
status=0
PATH=$bin:$PATH timeout 120 bash "$T/walk.sh" >"$T/walk.out" 2>&1 </dev/null || status=$?
equal "the walk ends well: $(tail -n 3 "$T/walk.out")" 0 "$status"
walked=$(<"$T/walk.out")
has "the officer is approved" "^Approved: PC Amir Khan" "$walked"
has "the note is shown" "The family asked when the inquest opens" "$walked"
has "it was on this device only" "on this device only: 5" "$walked"
has "it reached headquarters" "Fetched 5 changes: 1 new record" "$walked"
has "and holds" "every chain, seal, signature and row holds" "$walked"
equal "nothing is left" "" "$(find "$T" -maxdepth 1 -name 'daybook-walk*')"

# Every file that README.md points at is there.
while read -r link; do
    [ -e "$SRC/$link" ] || fail "README.md points at $link, which isn't there"
    checks=$((checks + 1))
done < <(grep -o '](\([^)]*\))' "$SRC/README.md" | tr -d '()]' | grep -v '^http')

# The statuses in docs/CLI.md are those of the program.
ok "help" "$DAYBOOK" --help
of_program=$(sed -n '/^Exit status:/,$s/^ *\([0-9][0-9]*\)  .*/\1/p' <<<"$out" | tr '\n' ' ')
of_docs=$(sed -n '/^## Exit statuses/,/^## /s/^| \([0-9][0-9]*\) |.*/\1/p' "$SRC/docs/CLI.md" |
    tr '\n' ' ')
equal "exit statuses in docs/CLI.md" "$of_program" "$of_docs"
finish
