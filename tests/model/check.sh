#!/usr/bin/env bash
# tests/model/check.sh MODEL FOLDER: spin walks through every state of tests/model/MODEL.pml, and
# must find a state that breaks the named invariant in each of its weakened forms (the list that the
# model begins with): an invariant that can't be broken says nothing.
set -euo pipefail
model=$1 folder=$2/$1
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$model.pml
memory_mib=2000
command -v spin >/dev/null || { echo "no spin: ./dev setup installs it"; exit 77; }
rm -rf "$folder" && mkdir -p "$folder"

fail() {
    echo "FAIL $model: $*"
    exit 1
}

# search NAME OPTIMISATION [-D...]: the verifier's report is left in NAME/report
search() {
    local at=$folder/$1 optimise=$2
    shift 2
    mkdir -p "$at"
    (cd "$at" && spin "$@" -a "$source" >spin.log &&
        gcc "$optimise" -w -DSAFETY -DCOLLAPSE -DNOREDUCE -DMEMLIM=$memory_mib -o pan pan.c &&
        timeout 600 ./pan -m2000 -w23 -n >report 2>&1) || fail "$at: spin, gcc or the search"
}

search whole -O2
report=$folder/whole/report trail="spin -t -p -g -k $folder/whole/$model.pml.trail $source"
grep -q 'errors: 0$' "$report" ||
    fail "$(grep -E '^pan:[0-9]+:' "$report"): see  $trail"
! grep -qE 'not completed|too small|out of memory' "$report" || fail "not all states were reached"
states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$report")
mib=$(sed -n 's/^ *\([0-9.]*\).*total actual memory usage/\1/p' "$report")
[ "${states:-0}" -gt 100000 ] || fail "only ${states:-0} states: it hardly moves"
echo "$model: $states states, all of them, in ${mib:-?} MiB"

count=0
while read -r bug invariant; do
    search "$bug" -O0 "-D$bug"
    grep -q "assertion violated $invariant" "$folder/$bug/report" ||
        fail "$bug doesn't break $invariant: $(grep -E 'errors:|violated' "$folder/$bug/report")"
    count=$((count + 1))
done < <(sed -n 's/^ \*   \(BUG_[A-Z_]*\) -> \([A-Za-z]*\)$/\1 \2/p' "$source")
[ "$count" -gt 0 ] || fail "no weakened form is listed"
used=$(grep -oE "#ifn?def BUG_[A-Z_]+" "$source" | awk "{ print \$2 }" | sort -u | wc -l)
[ "$used" = "$count" ] ||
    fail "$count weakened forms are listed, and $used are there"
echo "$model: each of $count weakened forms breaks its invariant"
