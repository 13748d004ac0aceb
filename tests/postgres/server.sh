#!/usr/bin/env bash
# A private PostgreSQL for tests: on sockets of its own, without a network. Without PostgreSQL's
# programs: status 77. It can't run as root, so root runs it as the package's own user.
#   server.sh start DIR      one server; its DSN in DIR/dsn, with a second host for later
#   server.sh standby DIR    a synchronous standby at that second host
#   server.sh kill DIR       kill -9 of the first
#   server.sh promote DIR    the standby becomes the one that writes
#   server.sh stop DIR       ends what runs, and removes all
set -euo pipefail
verb=$1 dir=$(realpath -m "$2")
bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] && [ -x "$bin/initdb" ] || { echo "PostgreSQL's programs are not here"; exit 77; }
export LC_ALL=C.UTF-8
as_user() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
where=
[ ! -e "$dir/where" ] || where=$(<"$dir/where")

remove() {
    local data
    for data in "$where"/data-*; do
        as_user "$bin/pg_ctl" -D "$data" -m immediate -w stop >/dev/null 2>&1 || true
    done
    rm -rf "$where" "$dir/where" "$dir/dsn"
}

# launch N: the server of data-N, on the socket in host-N
launch() {
    as_user tee -a "$where/data-$1/postgresql.conf" >/dev/null <<<"
unix_socket_directories = '$where/host-$1'"
    as_user "$bin/pg_ctl" -D "$where/data-$1" -w -l "$where/server-$1.log" start >/dev/null
}

ask() { as_user "$bin/psql" -qAt -h "$where/host-1" -U daybook -d postgres -c "$1"; }

case $verb in
start)
    [ -z "$where" ] || remove # of a run that was cut short
    mkdir -p "$dir"
    # A socket's path is short, and its server's user has to get there.
    where=$(mktemp -d /tmp/daybook-pg.XXXXXX)
    echo "$where" >"$dir/where"
    [ "$(id -u)" != 0 ] || chown postgres "$where"
    cd "$where"
    as_user mkdir host-1 host-2
    as_user "$bin/initdb" -D data-1 -A trust -U daybook -E UTF8 --no-sync >/dev/null
    as_user tee -a data-1/postgresql.conf >/dev/null <<'CONF'
listen_addresses = ''
max_connections = 60
shared_buffers = 32MB
wal_keep_size = 256MB
CONF
    launch 1
    echo "host=$where/host-1,$where/host-2 user=daybook dbname=postgres connect_timeout=2" \
        "target_session_attrs=read-write" >"$dir/dsn"
    ;;
standby)
    cd "$where"
    as_user "$bin/pg_basebackup" -h "$where/host-1" -U daybook -D data-2 -R -X stream -c fast
    launch 2
    ask "ALTER SYSTEM SET synchronous_standby_names = '*'"
    ask "SELECT pg_reload_conf()" >/dev/null
    for _ in $(seq 100); do
        [ "$(ask "SELECT sync_state FROM pg_stat_replication")" != sync ] || exit 0
        sleep 0.1
    done
    echo "the standby does not follow"
    exit 1
    ;;
kill) kill -KILL "$(head -n 1 "$where/data-1/postmaster.pid")" ;;
promote)
    as_user "$bin/psql" -qAt -h "$where/host-2" -U daybook -d postgres \
        -c "ALTER SYSTEM SET synchronous_standby_names = ''"
    as_user "$bin/pg_ctl" -D "$where/data-2" -w promote >/dev/null
    ;;
stop) [ -z "$where" ] || remove ;;
*) exit 2 ;;
esac
