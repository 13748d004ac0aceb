#!/usr/bin/env bash
# Goal: each page of the desk, over a store that has something of each kind to do, is readable by
# everybody (axe, light and dark, phone and desk), shows hostile words as words, and asks nothing of
# any other machine (issue "console" 4 and 5).
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

world
told case_id person twin contact hostile bidi_case service secret old_case
browse desk
browse decide
