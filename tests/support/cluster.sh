#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cluster.sh - a PostgreSQL cluster of one's own, in one directory, as a user other than root.
#
#   cluster.sh start DIR [SETTING=VALUE ...]    prints its URL, without a database
#   cluster.sh stop DIR                         ends it and removes DIR, if it is one of these
#   cluster.sh restart DIR [immediate]          as an operator would, or as after a power cut
#
# It listens on 127.0.0.1 at a free port, lets everybody in (there is nobody else), and by default does not
# sync: a test kills processes, not machines. Nothing else of this machine is touched. Settings are those of
# postgresql.conf: `fsync=on`.
set -eu

die() {
	printf 'cluster.sh: %s\n' "$*" >&2
	exit 1
}

# The programs of Debian's package are not on the PATH.
bin=
for candidate in /usr/lib/postgresql/*/bin; do
	[ ! -x "$candidate/initdb" ] || bin=$candidate
done
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || die 'there is no initdb; Debian has it in postgresql-15')")

# PostgreSQL refuses to run as root; the package brings a user of its own.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
	else
		"$@"
	fi
}

ctl() {
	as_user "$bin/pg_ctl" -D "$dir/data" -w -s "$@" >>"$dir/cluster.log" 2>&1 </dev/null
}

# One that nobody listens on right now, below those that the system hands out by itself.
free_port() {
	port=$((20000 + $$ % 10000))
	while grep -qi "$(printf ':%04X 00000000:0000 0A' "$port")" /proc/net/tcp; do
		port=$((port + 1))
	done
	echo "$port"
}

init() {
	as_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N "$@" >>"$dir/cluster.log" 2>&1 </dev/null
}

start() {
	[ ! -e "$dir" ] || die "'$dir' exists"
	mkdir -p "$dir"
	[ "$(id -u)" != 0 ] || chown postgres "$dir"
	: >"$dir/cluster.log"
	chmod 666 "$dir/cluster.log"
	# A collation that is not by byte (C.UTF-8 is), so that a query which forgets its own shows. Debian's program
	# knows ICU, and a bare Debian has no other such locale; elsewhere tests run without that.
	init --locale-provider=icu --icu-locale=en-US || { rm -rf "$dir/data" && init; } ||
		{ cat "$dir/cluster.log" >&2; die 'initdb failed'; }
	{
		echo "unix_socket_directories = ''"
		echo "listen_addresses = '127.0.0.1'"
		echo 'max_connections = 300'
		echo 'fsync = off'
		echo 'full_page_writes = off'
		echo 'wal_level = minimal'
		echo 'max_wal_senders = 0'
		echo 'deadlock_timeout = 200ms'
		echo 'log_min_messages = fatal'
		for setting in "$@"; do
			echo "${setting%%=*} = '${setting#*=}'"
		done
	} >>"$dir/data/postgresql.conf"
	for _ in 1 2 3 4 5; do
		port=$(free_port)
		echo "port = $port" >>"$dir/data/postgresql.conf" # the last one counts
		if ctl -l "$dir/server.log" start; then
			echo "$port" >"$dir/port"
			echo "postgresql://postgres@127.0.0.1:$port"
			return
		fi
		sleep 1
	done
	cat "$dir/cluster.log" "$dir/server.log" >&2 2>/dev/null || :
	die 'the cluster does not start'
}

command=${1:-}
dir=${2:-}
[ -n "$dir" ] || die 'usage: cluster.sh start|stop|restart DIR'
shift 2
case $command in
start) start "$@" ;;
stop)
	[ -e "$dir" ] || exit 0
	[ -f "$dir/cluster.log" ] || die "'$dir' is no cluster of this script"
	ctl -m immediate stop || :
	rm -rf "$dir"
	;;
restart) ctl -m "${1:-fast}" -l "$dir/server.log" restart ;;
*) die "there is no command '$command'" ;;
esac
