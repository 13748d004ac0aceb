#!/usr/bin/env bash
# Goal: a relay changes its TLS key, and devices that were told the next key's pin go on without a
# hand's turn, while nobody else's key is taken (A21).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

relay_verb() { run "$DAYBOOK_RELAY" "$1" --data "$T/relay" "${@:2}"; }

ok "the relay is made" "$DAYBOOK_RELAY" init "$T/relay"
card=$T/relay/relay-card.txt
relay_verb tls-switch
equal "there is nothing to switch to: exit status" 4 "$status"
relay_verb tls-next
equal "the next key is made" 0 "$status"
next=$out
has "its pin is printed" '^tls-pin-next [0-9a-f]{64}$' "$next"
relay_verb tls-next
equal "and the same when it is asked again" "$next" "$out"
for file in tls-next-key.pem tls-next-cert.pem; do
    equal "$file is its owner's only" 600 "$(stat -c %a "$T/relay/$file")"
done
relay_verb card
equal "the card is written anew" 0 "$status"
equal "it tells the next pin" "$next" "$(grep '^tls-pin-next ' "$card")"

relay_start
passphrase_for admin
must admin org create Unit --relay-card "$card" --relay "$relay_url"
must admin space create Family
enrol officer officer Family # by an invite that carries the backup pin

relay_end TERM
cp -r "$T/relay" "$T/relay.before"
relay_verb tls-switch
equal "the switch" 0 "$status"
[ ! -e "$T/relay/tls-next-key.pem" ] || fail "the next key is the present one"
relay_start
must admin sync
must officer sync
must officer sync # on the new pin alone

# The key that was left isn't taken any more, though the relay that has it is the right one.
relay_end TERM
mv "$T/relay" "$T/relay.after"
cp -r "$T/relay.before" "$T/relay"
relay_start
wont "the key of before is no longer trusted" 14 "not this organisation's relay" officer sync
relay_end TERM

# A switch that the power cut after the key's file: it says so, and is finished by doing it again.
mv "$T/relay/tls-next-key.pem" "$T/relay/tls-key.pem"
relay_verb tls-next
equal "no third key in between: exit status" 5 "$status"
relay_verb tls-switch
equal "the switch is finished" 0 "$status"
relay_start
must officer sync
finish
