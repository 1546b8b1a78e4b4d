#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and tests this tree on another release of Debian, in a chroot that is deleted afterwards.
#
#	tests/debian.sh [SUITE [GOAL...]]	trixie (Debian 13), sid; what make is to do: check
#
# Prints what failed and what was skipped there, then "ok debian: SUITE: make GOAL: N passed", or FAIL with
# the end of the output. It needs root; where the system cannot be built, one line "skip" says why.
# Packages come from where this machine's apt gets its own: same mirror, another suite. The chroot has a
# compiler, make and git; the rest is installed by make, as for everyone.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1

suite=${1:-trixie}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- check
what="debian: $suite: make $*"

skip()
{
	echo "skip $what: $*"
	exit 0
}

[ "$(id -u)" = 0 ] || skip "needs root"
command -v apt-get >/dev/null || skip "no apt-get here"
tools/deps.sh disk || skip "no mmdebstrap"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/lvisor-$suite.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
root=$work/root

sources()
{
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' \
		'Origin: Debian' 2>/dev/null | sort -u |
		while read -r uri codename component; do
			case $suite:$codename:$component in
			*:*-updates:* | *:*-backports*) continue ;;
			sid:*-security:*) continue ;;
			*:*-security:main) echo "deb [signed-by=$key] $uri $suite-security main" ;;
			*:main) echo "deb [signed-by=$key] $uri $suite main" ;;
			esac
		done
}

key=/usr/share/keyrings/debian-archive-keyring.gpg
sources >"$work/sources"
[ -s "$work/sources" ] || skip "this machine's apt has no source for Debian"
echo "    building a chroot of Debian's $suite, then make $*"
mmdebstrap --quiet --mode=root --variant=minbase --include=gcc,libc6-dev,make,git,ca-certificates \
	--aptopt='Acquire::Retries "3"' --aptopt='Acquire::Languages "none"' \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$root" - \
	<"$work/sources" >"$work/output" 2>&1 ||
	skip "it cannot be built: $(grep -v '^W:' "$work/output" | tail -n 1)"
apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' >"$root/etc/apt/apt.conf.d/90host"
cp /etc/resolv.conf "$root/etc/resolv.conf"

mkdir "$root/src"
git ls-files --cached --others --exclude-standard | while read -r file; do
	[ -e "$file" ] && echo "$file"
done | tar -c -T - | tar -x -C "$root/src"

# Mounts end with the namespace, whatever becomes of this script.
# shellcheck disable=SC2016 # the inner shell's
unshare --mount --propagation private sh -c '
	root=$1
	shift
	mount -t proc proc "$root/proc" &&
		mount --rbind /dev "$root/dev" &&
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$root" \
			sh -c "cd /src && git init -q && git add -A && make \"\$@\"" make "$@"' \
	sh "$root" "$@" >"$work/output" 2>&1 </dev/null
code=$?

# The list of what failed comes at the end once more: leave that out.
sed -n '/^These \(failed\|were skipped\):$/q; /^\(FAIL\|skip\) /,/^ok /{/^ok /!p}' "$work/output" |
	sed "s/^\(FAIL\|skip\) /\1 debian: $suite: /"
counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/output" | tail -n 1)
if [ $code -eq 0 ]; then
	echo "ok $what${counts:+: $counts}"
else
	echo "FAIL $what${counts:+: $counts}"
	tail -n 15 "$work/output" | sed 's/^/    /'
fi
