#!/usr/bin/env bash
# The figures that the relay is held to, measured on this machine: ./dev load. A quarter of an hour.
# Each run's report is kept in build/log/load. Times are those of a machine that does nothing else:
# the load average is printed, and ratios are what can be compared.
#   figures.sh [NAME...]     only these: enrol memory rates most burst siege pull postgres
set -euo pipefail
: "${LOAD:?the load program}" "${ATTACK:?the attack program}" "${DAYBOOK_RELAY:?daybook-relay}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
logs=${LOGS:-$PWD/build/log/load}
mkdir -p "$logs"
T=$(mktemp -d "${TMPDIR:-/tmp}/daybook-load.XXXXXX")
database=
cleanup() {
    [ -z "$database" ] || bash "$here/../postgres/server.sh" stop "$database"
    rm -rf "$T"
}
trap cleanup EXIT
names=("$@")
bad=0

wanted() { [ ${#names[@]} = 0 ] || [[ " ${names[*]} " == *" $1 "* ]]; }
judge() { python3 "$here/judge.py" "$@" || bad=1; }

# fleet NAME DEVICES SHARE: founded once
fleet() {
    [ -e "$T/$1" ] ||
        "$LOAD" found "$T/$1" --devices "$2" --share "$3" --json >"$logs/found-$1.json"
}

# run NAME VERB FLEET ARGS...: on a copy of the fleet's folder; the report goes to NAME.json
run() {
    local name=$1 verb=$2 folder=$T/$3
    shift 3
    rm -rf "$T/copy"
    cp -a "$folder" "$T/copy"
    echo "      $name: $verb $* (load average $(cut -d' ' -f1 /proc/loadavg))"
    "$LOAD" "$verb" "$T/copy" --relay "$DAYBOOK_RELAY" "$@" --json \
        >"$logs/$name.json" 2>"$logs/$name.err" || { bad=1; echo "FAIL  $name"; }
}

value() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"; }

# ratio NAME A B FIGURE OP LIMIT: of figure FIGURE in the two reports
ratio() {
    python3 - "$1" "$(value "$logs/$2.json" "$4")" "$(value "$logs/$3.json" "$4")" <<'PY' |
import json, sys
print(json.dumps({sys.argv[1]: float(sys.argv[2]) / float(sys.argv[3])}))
PY
        judge "$2 to $3, $4" "$1 $5 $6"
}

all_there=('failed == 0' 'lost == 0' 'twice == 0' 'strange == 0')
echo "      $(nproc) processors, the generator among their users; $(date -u +%FT%TZ)"

if wanted enrol || wanted rates || wanted most; then
    fleet big 10000 10
    judge "10,000 devices in 1,000 spaces" 'entries == 11001' <"$logs/found-big.json"
fi

if wanted memory; then
    fleet thousand 1100 11
    run memory burst thousand --connections 1000 --threads 32 --notes 2
    judge "a thousand devices" "${all_there[@]}" 'relay_peak_mib <= 64' <"$logs/memory.json"
fi

# What is asked, as a rate: latency counts from the moment when each sync was due.
if wanted rates; then
    run rate-32 steady big --connections 500 --rate 66 --notes 32 --seconds 20 \
        --threads 64
    judge "segments of 32" "${all_there[@]}" 'ops_per_s >= 2000' 'sync_p99_ms <= 250' \
        'push_p99_ms <= 250' <"$logs/rate-32.json"
    run rate-1 steady big --connections 500 --rate 310 --notes 1 --seconds 20 \
        --threads 64
    judge "single notes" "${all_there[@]}" 'syncs_per_s >= 300' 'sync_p99_ms <= 250' \
        'push_p99_ms <= 250' <"$logs/rate-1.json"
fi

# As fast as it goes, with sixteen at a time: a hello and a push each.
if wanted most; then
    for notes in 32 1; do
        run most-$notes steady big --connections 500 --notes $notes --seconds 10
    done
    judge "segments of 32, at most" "${all_there[@]}" 'ops_per_s >= 2000' <"$logs/most-32.json"
    judge "single notes, at most" "${all_there[@]}" 'syncs_per_s >= 300' <"$logs/most-1.json"
fi

if wanted burst; then
    fleet small 1500 3
    run burst burst small --connections 1000 --threads 32 --notes 20 --pull
    judge "a morning: 1,000 devices with 20 notes" "${all_there[@]}" 'arrived == 20000' \
        <"$logs/burst.json"
fi

if wanted siege; then
    fleet small 1500 3
    # Three times: others' work on the machine weighs more in a ratio than in each of its halves.
    for turn in 1 2 3; do
        run siege-$turn siege small --attack "$ATTACK" --connections 200 --threads 64 --rate 66 \
            --notes 32 --seconds 15
        judge "400 drips and 500 junk requests a second" 'attacked_failed == 0' 'lost == 0' \
            'twice == 0' 'baseline_after_s >= 0' 'baseline_after_s <= 60' <"$logs/siege-$turn.json"
    done
    for turn in 1 2 3; do value "$logs/siege-$turn.json" p99_ratio; done | sort -g | sed -n 2p |
        sed 's/.*/{"p99_ratio": &}/' | judge "the middle one of three" 'p99_ratio <= 3'
fi

# The relay's time for a range of 256 KiB: ten times the history, the same work.
if wanted pull; then
    fleet few 10 10
    for entries in 100000 1000000; do
        run pull-$entries history few --connections 5 --entries $entries
    done
    # Ten million notes, as many to a segment as there may be: held against the same of 100,000, for
    # a request's cost is that of its bytes.
    run pull-100k-of-64 history few --connections 5 --entries 1563 --notes 64
    run pull-10m history few --connections 5 --entries 156250 --notes 64
    ratio flat pull-1000000 pull-100000 last_relay_cpu_ms '<=' 1.5
    ratio flat pull-1000000 pull-100000 first_relay_cpu_ms '<=' 1.5
    ratio flat pull-10m pull-100k-of-64 last_relay_cpu_ms '<=' 1.5
fi

# Seconds of processor that the database has used, with what its ended backends used.
database_cpu() {
    awk '{ sub(/^.*\) /, ""); print ($12 + $13 + $14 + $15) / '"$(getconf CLK_TCK)"' }' \
        "/proc/$(head -n 1 "$(<"$database/where")/data-1/postmaster.pid")/stat"
}

# on_postgres NAME ARGS...: run, and what the database took for each sync
on_postgres() {
    local before after syncs
    before=$(database_cpu)
    run "$@"
    after=$(database_cpu)
    syncs=$(value "$logs/$1.json" syncs)
    awk -v a="$before" -v b="$after" -v n="$syncs" -v name="$1" \
        -v relay="$(value "$logs/$1.json" relay_cpu_ms_per_sync)" 'BEGIN {
        printf "      %s, ms of processor a sync: database %.2f, relay %.2f\n", name,
            (b - a) * 1000 / n, relay }'
}

if wanted postgres && bash "$here/../postgres/server.sh" start "$T/pg"; then
    database=$T/pg
    fleet shared 600 3
    "$LOAD" found "$T/base" --devices 600 --share 3 --dsn "$(<"$T/pg/dsn")" --json \
        >"$logs/found-base.json"
    cp -a "$T/base/relay" "$T/base/relay2"
    for notes in 32 1; do
        with=(--connections 400 --notes $notes --seconds 8)
        run embedded-$notes steady shared "${with[@]}"
        on_postgres postgres-$notes steady base "${with[@]}"
        on_postgres postgres-two-$notes steady base "${with[@]}" --nodes 2
        ratio slower embedded-$notes postgres-$notes ops_per_s '<=' 3
        # With two processors for all there is nothing to win; more of them, and it has to.
        least=0.8
        [ "$(nproc)" -lt 6 ] || least=1
        ratio faster postgres-two-$notes postgres-$notes ops_per_s '>=' $least
    done
fi
exit $bad
