#!/usr/bin/env bash
# Goal: headquarters sees how far each device has a space's notes, by the word that each device
# signs of itself at its sync (decision 0041); officers aren't told.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol bethan officer Unit
must amir add person name="Ruth Quagmirevale"
must amir add person name="Edwina Vale"
must amir sync
must admin sync

must admin --json device reach
json "who has met the relay has what there is" \
    "{r['name']: r['size'] for r in d['devices']}['amir'] == d['log_size'] > 0" True
json "who hasn't, has said nothing" "{r['name']: r['size'] for r in d['devices']}['bethan']" None
json "everyone is there once" "sorted(r['name'] for r in d['devices'])" \
    "['Administrator', 'amir', 'bethan']"
must admin device reach
has "people read how much of it" "amir +[0-9]+ of [0-9]+ +whole" "$out"
has "and who has said nothing" "bethan +nothing said" "$out"
must bethan sync
must admin --json device reach
json "then she has it, too" "{r['size'] == d['log_size'] for r in d['devices']}" "{True}"
must bethan --json sync
json "and the next sync is idle" "d['idle'] and d['round_trips'] == 1" True
wont "an officer isn't told" 6 "only headquarters" bethan device reach

must admin device revoke bethan --reason left
must admin --json device reach
json "who is out is not counted" "sorted(r['name'] for r in d['devices'])" \
    "['Administrator', 'amir']"
relay_end TERM
ok "the relay's log is sound, with what it keeps beside it" "$DAYBOOK_RELAY" fsck --data "$T/relay"
finish
