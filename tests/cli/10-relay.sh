#!/usr/bin/env bash
# Goal: an operator makes a relay, serves it, and gets it back after any end; one relay takes one
# organisation, and nobody without its card (decision 0007).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

refused_relay() {
    run "${@:4}"
    equal "$1: exit status" "$2" "$status"
    has "$1: sentence" "^daybook-relay: .*$3" "$err"
}

# An operator's first steps.
ok "a new relay" "$DAYBOOK_RELAY" init "$T/relay"
card=$T/relay/relay-card.txt
for line in url tls-pin relay-key setup-code; do
    has "the card states $line" "^$line [^ ]+$" "$(<"$card")"
done
for file in "$T"/relay/*; do
    equal "${file##*/} is its owner's only" 600 "$(stat -c %a "$file")"
done
refused_relay "a folder that holds a relay isn't overwritten" 5 . "$DAYBOOK_RELAY" init "$T/relay"

# Cut off, it is done again; a relay that is whole is never made anew.
mkdir "$T/cut"
cp "$T/relay/tls-cert.pem" "$T/relay/relay.db" "$T/cut"
refused_relay "what nobody began to make stays" 5 . "$DAYBOOK_RELAY" init "$T/cut"
: >"$T/cut/relay.making"
refused_relay "half a relay isn't served" 4 . \
    "$DAYBOOK_RELAY" serve --data "$T/cut" --listen 127.0.0.1:0
ok "a making that was cut off is done again" "$DAYBOOK_RELAY" init "$T/cut"
equal "the mark of it is gone" "" "$(find "$T/cut" -name relay.making)"
sum=$(sha256sum "$T/cut/relay.key" "$T/cut/relay.db")
: >"$T/cut/relay.making"
ok "cut off after its last step" "$DAYBOOK_RELAY" init "$T/cut"
equal "what was whole stays" "$sum" "$(sha256sum "$T/cut/relay.key" "$T/cut/relay.db")"
refused_relay "no relay there" 4 . "$DAYBOOK_RELAY" serve --data "$T/none" --listen 127.0.0.1:0
refused_relay "an address that isn't one" 2 . \
    "$DAYBOOK_RELAY" serve --data "$T/relay" --listen nonsense
ok "help" "$DAYBOOK_RELAY" --help
has "help lists the verbs" "daybook-relay serve" "$out"

relay_start
has "it says where it listens" '^https://127\.0\.0\.1:[1-9][0-9]*$' "$relay_url"
refused_relay "one server for one folder" 17 . \
    "$DAYBOOK_RELAY" serve --data "$T/relay" --listen 127.0.0.1:0

# Only the card's holder may found the organisation, once.
passphrase_for admin
sed 's/^setup-code .*/setup-code AAAAAAAAAAAAAAAAAAAAAAAA/' "$card" >"$T/forged.txt"
wont "a wrong setup code" 6 . \
    admin org create Unit --relay-card "$T/forged.txt" --relay "$relay_url"
must admin org create Unit --relay-card "$card" --relay "$relay_url"
has "the founder is told" 'The organisation "Unit" exists' "$out"
passphrase_for second
wont "a second organisation on the same relay" 5 "another organisation" \
    second org create Other --relay-card "$card" --relay "$relay_url"

# It stops in good order, and comes back as the same relay.
relay_end TERM
ok "what it kept is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
relay_start
must admin sync
has "the founder syncs with the relay of before" "Nothing new|Sent" "$out"
relay_end KILL
relay_start
must admin sync
relay_end TERM
ok "sound after a kill too" "$DAYBOOK_RELAY" fsck --data "$T/relay"
has "fsck counts" "^sound: [1-9][0-9]* entries" "$out"

# A damaged relay says so and serves nothing.
size=$(stat -c %s "$T/relay/relay.db")
printf 'x%.0s' {1..64} | dd of="$T/relay/relay.db" bs=1 seek=$((size / 2)) conv=notrunc status=none
refused_relay "a damaged database" 10 . \
    "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
