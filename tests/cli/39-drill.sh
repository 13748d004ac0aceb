#!/usr/bin/env bash
# Goal: the drills in docs/OPERATIONS.md run as they stand there, but for ports, paths and waits;
# the alarms there name metrics that a relay has, and its table names all of them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page=$SRC/docs/OPERATIONS.md
bin=$T/bin
mkdir "$bin"
ln -s "$DAYBOOK" "$bin/daybook"
ln -s "$DAYBOOK_RELAY" "$bin/daybook-relay"
free_port() {
    "$python" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
# commands NAME: the blocks of the page that are called so
commands() { sed -n "/^\`\`\`sh $1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$page"; }
# follow NAME: runs what stands in NAME.txt, as the operator would
follow() {
    { echo 'set -eu -o pipefail'; cat "$T/$1.txt"; } >"$T/$1.sh"
    status=0
    PATH=$bin:$PATH timeout 240 bash "$T/$1.sh" >"$T/$1.out" 2>&1 </dev/null || status=$?
    out=$(<"$T/$1.out")
    equal "$1 ends well: $(tail -n 5 "$T/$1.out")" 0 "$status"
}

# ---- the nightly unit -----------------------------------------------------------------------
unit=$SRC/packaging/systemd/daybook-relay-backup
nightly=$(sed -n 's/^ExecStart=//p' "$unit.service")
has "it is the page's command" "^/usr/bin/daybook-relay backup --data [^ ]+ --to [^ ]+$" "$nightly"
has "each night" '^OnCalendar=\*-\*-\* [0-9:]+$' "$(<"$unit.timer")"
has "also after one that the machine slept through" '^Persistent=yes$' "$(<"$unit.timer")"

# ---- tonight's backup -----------------------------------------------------------------------
organisation "Op Rowan"
enrol amir officer "Op Rowan"
for n in 1 2 3; do must amir add person name="Amir $n"; done
must amir sync
read -r -a words <<<"$nightly"
words=("${words[@]/#\/usr\/bin\/daybook-relay/$DAYBOOK_RELAY}")
words=("${words[@]/#\/var\/lib\/daybook-relay/$T/relay}")
ok "the unit's backup" "${words[@]/#\/var\/backups\/daybook-relay/$T/backups}"
sleep 1.1
ok "and tonight's" "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/backups"
mkdir "$T/safe"
cp "$T/relay/relay.key" "$T/safe/relay.key"
ok "the relay itself" "$DAYBOOK_RELAY" status --data "$T/relay"
live=$(grep -E '^(organisation|segments|  space)' <<<"$out")
[ "$(commands drill | grep -c daybook-relay)" -ge 4 ] || fail "the drill was found"
commands drill | sed -e "s|/mnt/backups/daybook|$T/backups|" -e "s|/media/safe|$T/safe|" \
    -e "s|/tmp/daybook-drill|$T/drill|g" >"$T/drill.txt"
follow drill
has "its digest is right" "daybook-relay-.*\.db: OK" "$out"
has "all of it is sound" "^sound: [1-9][0-9]* entries, 1 spaces, [1-9]" "$out"
has "and what it says can be compared" "$(head -n 1 <<<"$live")" "$out"
equal "with the relay itself" "$live" "$(grep -E '^(organisation|segments|  space)' <<<"$out")"
has "it would wait for the organisation" "recover-log" "$out"
[ ! -e "$T/drill" ] || fail "nothing is left of it"
relay_end TERM

# ---- the whole way --------------------------------------------------------------------------
[ "$(commands rehearsal | grep -c '^hq \|daybook')" -ge 14 ] || fail "the rehearsal was found"
cd "$T"
commands rehearsal | sed -e "s/9443/$(free_port)/g" -e 's/^sleep 1$/sleep 3/' \
    -e "s|/tmp/daybook-rehearsal|$T/rehearsal|g" >"$T/rehearsal.txt"
follow rehearsal
has "the founder's device signed" "sign|Sign" "$out"
has "what was before the backup is there" "Before the backup" "$out"
has "what came after it, too" "After the backup" "$out"
has "and nothing waits" "every change written here" "$out"
[ ! -e "$T/rehearsal" ] || fail "nothing is left of it"

# ---- alarms ---------------------------------------------------------------------------------
relay_url=
relay_start --metrics 127.0.0.1:0
curl -sS "$(sed -n 's/^metrics on //p' "$T/relay.out")" >"$T/text"
alarms=$(sed -n '/^## Alarms/,/^## /p' "$page" | grep -Eo 'daybook_relay_[a-z_]+' | sort -u)
[ "$(wc -l <<<"$alarms")" -ge 12 ] || fail "the alarms were found" "$alarms"
while read -r name; do
    has "an alarm's metric is there: $name" "^$name[{ ]" "$(<"$T/text")"
done <<<"$alarms"
# And each metric that the page's table names.
table=$(sed -n '/^| metric | what it is |/,/^$/p' "$page" | cut -d'|' -f2 | grep -Eo '`[a-z_]+' |
    tr -d '`')
[ "$(wc -l <<<"$table")" -ge 25 ] || fail "the table was found" "$table"
while read -r name; do
    has "a metric of the table is there: $name" "daybook_relay_$name[{_ ]" "$(<"$T/text")"
done <<<"$table"
missing=$(sed -n 's/^# TYPE daybook_relay_\([a-z_]*\) .*/\1/p' "$T/text" |
    grep -vxF "$table" || true)
equal "and none lacks in it" "" "$missing"
relay_end TERM
finish
