#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bare-root.sh - proves that the repository needs nothing but a bare Debian 12.
#
#     packaging/bare-root.sh [COMMAND ...]        (./dev test)
#
# Makes a minimal Debian 12 in a temporary directory, with git and ca-certificates, clones the HEAD of
# this repository into it (work that is not committed stays out) and runs the command there as root.
# The result of the command is the result of this script; the directory goes away in any case.
#
# Needs root and the packages debootstrap and debian-archive-keyring. Where to get packages from is
# this machine's business: the mirror and the proxies are those of its own apt, or $MIRROR, the
# certificates those that it trusts, the proxy of npm that of its environment. Whatever else this machine
# gets packages from is left out, so that the new root is really bare.
set -eu

suite=bookworm
here=$(cd -- "$(dirname -- "$0")/.." && pwd)

die() {
	printf 'bare-root: %s\n' "$*" >&2
	exit 1
}

# Debian's own sources of this machine, as `site suite` lines.
host_sources() {
	# shellcheck disable=SC2016 # apt's own $
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v suite="$suite" '$3 == "main" && ($2 == suite || $2 == suite "-updates" || $2 == suite "-security") &&
			!seen[$1, $2]++ { print $1, $2 }'
}

[ "$(id -u)" = 0 ] || die 'needs root'
command -v debootstrap >/dev/null ||
	die 'needs debootstrap: apt-get install --no-install-recommends debootstrap debian-archive-keyring'
sources=$(host_sources)
mirror=${MIRROR:-$(printf '%s\n' "$sources" | awk -v suite="$suite" '$2 == suite { print $1; exit }')}
[ -n "$mirror" ] || die "apt of this machine knows no mirror of Debian $suite; give one: MIRROR=... $0"

root=$(mktemp -d "${TMPDIR:-/tmp}/longshore-bare.XXXXXX")
chmod 755 "$root" # it will be `/` to users that are not root, as apt's own
# Mounts exist only in the namespaces of unshare below, so nothing of the host hangs in here.
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 130' INT TERM HUP

echo "Making a bare Debian $suite in $root"
debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
	tail -n 20 "$root.log" >&2
	rm -f "$root.log"
	die 'debootstrap has failed'
}
rm -f "$root.log"

# How to reach the outside, as this machine does.
{
	printf '%s\n' "$mirror $suite" "$sources" | awk 'NF && !seen[$0]++ { print "deb", $1, $2, "main" }'
} >"$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::[a-z]+::(Proxy|Proxy-Auto-Detect|No-Cache|Verify-Peer)' \
	>"$root/etc/apt/apt.conf.d/01host" || :
for file in resolv.conf hosts; do
	cp -L "/etc/$file" "$root/etc/$file"
done
certificates=/etc/ssl/certs/ca-certificates.crt
[ ! -f "$certificates" ] || cp -L "$certificates" "$root$certificates"

git clone --quiet --no-local "$here" "$root/root/longshore"
echo "Cloned $(git -C "$here" log -1 --format='%h %s')"
changed=$(git -C "$here" status --porcelain | wc -l)
[ "$changed" = 0 ] || echo "Left out: $changed changed files that are not committed"

[ $# -gt 0 ] || set -- ./dev test
echo "Running there: $*"
# Terminals of its own, as any machine has them. A PID namespace, so that no server started in there outlives this; the loopback is the host's.
# shellcheck disable=SC2016 # expanded by the inner shell
if unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
	sh -c 'mkdir -p "$1/dev/pts" && mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts" &&
		ln -sf pts/ptmx "$1/dev/ptmx"; exec chroot "$@"' sh "$root" \
	env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" CI=true \
	${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	sh -c 'cd /root/longshore && "$@"' sh "$@"; then rc=0; else rc=$?; fi
echo "Ended with status $rc: $*"
exit "$rc"
