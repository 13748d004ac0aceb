#!/usr/bin/env bash
# tests/fuzz/run.sh PROGRAM SECONDS [FOUND]: lets libFuzzer look for more than the committed corpus
# has. Inputs that reach new code go to FOUND (nowhere without one). Its random numbers begin with
# the commit: two runs of one commit do the same, and the next commit looks elsewhere. A crash is
# kept beside the programs, with the command that replays it; it becomes a file of
# tests/fuzz/corpus before it is mended.
set -euo pipefail
program=$1 seconds=$2 name=${1##*/fuzz_}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kept=$(dirname "$program")/crash
found=${3:-$(mktemp -d)}
mkdir -p "$kept" "$found" "$here/corpus/$name"
[ $# -ge 3 ] || trap 'rm -rf "$found"' EXIT
commit=$(git -C "$here" rev-parse --short=7 HEAD 2>/dev/null || echo 1)
log=$found/../${found##*/}.log
rc=0
"$program" -seed=$((16#$commit)) -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
    -artifact_prefix="$kept/$name-" -print_final_stats=1 "$found" "$here/corpus/$name" \
    >"$log" 2>&1 || rc=$?
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
if [ $rc != 0 ]; then
    tail -n 60 "$log"
    file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "FAIL $name: replay it with  $program ${file:-(no file was written)}"
    exit 1
fi
[ "${runs:-0}" -gt 0 ] || { tail -n 20 "$log"; echo "FAIL $name: nothing was run"; exit 1; }
echo "$name: $runs runs in $seconds s, $(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" |
    tail -n 1) edges"
rm -f "$log"
