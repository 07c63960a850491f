#!/usr/bin/env bash
# A throw-away PostgreSQL cluster for the tests.
#
#   postgres.sh start DIR   makes and starts one in DIR, prints `export YIMEN_TEST_POSTGRES=…`
#   postgres.sh stop DIR    stops it and removes DIR
#
# It listens on a loopback port of its own choice and a Unix socket in DIR. It loses its data on a
# crash (fsync=off): never keep anything in it.
set -euo pipefail

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
fail() { echo "postgres.sh: $*" >&2; exit 1; }

[ $# -eq 2 ] || usage
action=$1
dir=$(realpath -m -- "$2")

# PostgreSQL refuses to run as root.
as_owner() { if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }

bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || fail "no PostgreSQL server under /usr/lib/postgresql (apt-get install postgresql)"

running() { as_owner "$bin/pg_ctl" --pgdata="$dir/data" status >/dev/null 2>&1; }

make_cluster() {
    mkdir -p -- "$(dirname -- "$dir")"
    if [ "$(id -u)" -eq 0 ]; then install -d -m 0700 -o postgres -- "$dir"; else install -d -m 0700 -- "$dir"; fi
    as_owner test -x "$dir" || fail "the user postgres can't enter $dir"
    # Loopback is open to every user of the machine, and a superuser runs programs: so a password.
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' | as_owner sh -c 'umask 077; cat >"$1"' - "$dir/password"
    as_owner "$bin/initdb" --pgdata="$dir/data" --username=postgres --pwfile="$dir/password" \
        --auth-local=trust --auth-host=md5 --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 \
        || { cat "$dir/initdb.log" >&2; fail "initdb failed"; }
    # The path of a Unix socket holds at most 107 bytes.
    local socket=$dir
    [ ${#dir} -le 85 ] || socket=
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$socket'
max_connections = 200
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
}

start_server() {
    local port
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if as_owner "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/server.log" --wait --silent \
            --options="-p $port" start >/dev/null 2>&1; then
            return 0
        fi
    done
    tail -n 20 "$dir/server.log" >&2
    fail "the server didn't start"
}

case $action in
start)
    [ -d "$dir/data" ] || make_cluster
    running || start_server
    port=$(as_owner sed -n 4p "$dir/data/postmaster.pid")
    echo "export YIMEN_TEST_POSTGRES=postgres://postgres:$(as_owner cat "$dir/password")@127.0.0.1:$port/postgres"
    ;;
stop)
    [ -f "$dir/data/PG_VERSION" ] || fail "$dir is no cluster of this script"
    ! running || as_owner "$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate --wait --silent stop
    rm -rf -- "$dir"
    ;;
*) usage ;;
esac
