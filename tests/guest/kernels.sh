#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gets a Debian kernel of another release than this machine's, for guests to boot: unpacked into the
# cache, never installed.
#
#	tests/guest/kernels.sh OUTDIR SERIES FLAVOUR	OUTDIR/vmlinuz-SERIES-FLAVOUR becomes a symbolic
#							link to the newest such kernel, and is printed
#	tests/guest/kernels.sh list			what there is: lines "SERIES FLAVOUR"
#
# SERIES is 5.10 (Debian 11), 6.1 (12), 6.12 (13) or newest (what Debian's next release has), FLAVOUR cloud,
# generic or rt (real-time). When the suite cannot be reached from here, one line says why and the
# exit code is 77. Downloads are kept in $LVISOR_CACHE (default: OUTDIR/cache); what is there is good
# enough.
#
# apt does the work with a configuration of its own, made from this machine's Debian source: same
# mirror, same keys, other suites.
set -eu
export LC_ALL=C # tools' output is read

if [ "${1:-}" = list ]; then
	for series in 5.10 6.1 6.12 newest; do
		printf '%s cloud\n%s generic\n%s rt\n' $series $series $series
	done
	exit 0
fi

outdir=$1 series=$2 flavour=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$outdir"
outdir=$(cd "$outdir" && pwd)
out=$outdir/vmlinuz-$series-$flavour
cache=${LVISOR_CACHE:-$outdir/cache}/kernels
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

skip()
{
	echo "kernel $series $flavour: $*" >&2
	exit 77
}

case $series in
5.10) suites="bullseye bullseye-security" number='5\.10\.' ;;
6.1) suites="bookworm bookworm-security" number='6\.1\.' ;;
6.12) suites="trixie trixie-security" number='6\.12\.' ;;
newest) suites="forky sid" number='[0-9]' ;;
*) skip "no such series" ;;
esac
case $flavour in
cloud) kind=-cloud-amd64 others=-rt- ;;
generic) kind=-amd64 others='-rt-\|-cloud-' ;;
rt) kind=-rt-amd64 others=-cloud- ;;
*) skip "no such flavour" ;;
esac

finish()
{
	ln -sfn "$1" "$out"
	echo "$out"
	exit 0
}

# The one that all tests boot, where this machine's Debian has that series.
if [ "$flavour" = cloud ] && "$here/kernel.sh" "$out.own" >&2; then
	own=$(readlink "$out.own")
	rm "$out.own"
	case $own in */vmlinuz-"$series".*) finish "$own" ;; esac
fi

# A folder with the package's name and version, complete once renamed.
in_cache()
{
	find "$cache/$series-$flavour" -path '*/boot/vmlinuz-*' 2>/dev/null | sort -V | tail -n 1
}

found()
{
	kernel=$(in_cache)
	[ -z "$kernel" ] || finish "$kernel"
}

found
command -v apt-get >/dev/null || skip "no apt-get here"

# Others may be at the same: one downloads, they wait.
exec 9>"$cache/lock"
flock 9
found

private=$cache/apt-$series
work=$(mktemp -d "$cache/download.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The suites wanted at the mirrors of this machine's own.
sources()
{
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
		'Origin: Debian' 2>/dev/null | sort -u |
		while read -r uri release component; do
			[ "$component" = main ] || continue
			for suite in $suites; do
				# security updates are in an archive of their own
				case $release:$suite in
				*-security:*-security) ;;
				*-security:* | *:*-security | *-updates:* | *-backports:*) continue ;;
				esac
				echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
					"$uri $suite $component"
			done
		done
}

mkdir -p "$private/lists/partial" "$private/archives/partial" "$private/parts"
sources >"$private/sources.list"
if [ ! -s "$private/sources.list" ] && [ "$(id -u)" = 0 ]; then
	apt-get -q update >&2 || true
	sources >"$private/sources.list"
fi
[ -s "$private/sources.list" ] || skip "this machine's apt has no source for Debian"
: >"$private/status"
cat >"$private/apt.conf" <<-END
	Dir::Etc::SourceList "$private/sources.list";
	Dir::Etc::SourceParts "$private/parts";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "$private/parts";
	Dir::State "$private";
	Dir::State::Lists "$private/lists";
	Dir::State::Status "$private/status";
	Dir::Cache "$private";
	APT::Architecture "amd64";
	APT::Architectures "amd64";
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::http::Timeout "30";
	Acquire::Retries "2";
END

apt_get()
{
	APT_CONFIG=$private/apt.conf apt-get -q "$@"
}

apt_cache()
{
	APT_CONFIG=$private/apt.conf apt-cache "$@"
}

# Newest first: a mirror may list one that it has no longer, or not yet.
candidates()
{
	apt_cache pkgnames linux-image- 2>/dev/null | grep "^linux-image-${number}[-+.0-9a-z]*$kind\$" |
		grep -v -e '-signed-template' -e "$others" | sort -rV | head -n 10
}

# One of the suites may be gone from the mirror while the other is there.
echo "Looking for Debian's $series $flavour kernel" >&2
apt_get update >"$work/update" 2>&1 || true
packages=$(candidates)
if [ -z "$packages" ]; then
	grep '^E:' "$work/update" >&2 || true
	skip "$(echo "$suites" | sed 's/ / and /') cannot be reached or have no such kernel"
fi
for package in $packages; do
	# From 7.1 on the package only asks for others, of which this one has the kernel.
	binary=linux-binary-${package#linux-image-}
	apt_cache depends "$package" | grep -q "Depends: $binary\$" || binary=$package
	echo "Downloading $binary" >&2
	(cd "$work" && apt_get download "$binary" >"$work/update" 2>&1) && break
done
deb=$(find "$work" -name '*.deb')
if [ -z "$deb" ]; then
	cat "$work/update" >&2
	skip "$binary cannot be downloaded"
fi
mkdir -p "$cache/$series-$flavour"
"$here/kernel_deb.sh" "$deb" "$cache/$series-$flavour"
found
skip "$binary has no kernel"
