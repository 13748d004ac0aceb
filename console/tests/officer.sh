#!/usr/bin/env bash
# Goal: the officer's screens on a phone, in a real browser over a real store and relay: no word
# that was typed is lost (P1), no number is there before the safe-contact rule was read (P6), a
# family is counted and recorded within a minute, and all but the exchange works without a network
# (domain.md section 4, items 1, 4 and 8).
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

organisation "$unit"
enrol amir officer "$unit"
enrol bethan officer "$unit"
enrol desk hq "$unit"
enrol tablet writer "$unit"
records
everybody
relay_end KILL
relay_at=${relay_url#https://}
told case_id person relay_at
browse officer
finish
