#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests of the scripts that get kernels and headers and that sum up, with a mirror and tools that are
# faked: one line "ok scripts: NAME" or "FAIL scripts: NAME" each. Nothing is downloaded.
set -u
cd "$(dirname "$0")/.." || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fake=$work/bin
mkdir "$fake"
export LC_ALL=C

# is NAME ACTUAL EXPECTED
is()
{
	if [ "$2" = "$3" ]; then
		echo "ok scripts: $1"
	else
		echo "FAIL scripts: $1"
		printf '    expected %s\n    got %s\n' "$3" "$2"
	fi
}

# tool NAME: a program of that name, from the standard input, before those of the system.
tool()
{
	{
		echo '#!/bin/sh'
		cat
	} >"$fake/$1"
	chmod 755 "$fake/$1"
}

# german COMMAND...: as somebody whose machine speaks German, and with the faked tools.
german()
{
	env LC_ALL=de_DE.UTF-8 LANGUAGE=de PATH="$fake:$PATH" FAKE="$work" "$@" >"$work/output" 2>&1 </dev/null
}

# A mirror that has one kernel and its headers, whose tools are of another version.
tool apt-cache <<'END'
german=
[ "$LC_ALL" = C ] || german=yes
depends=Depends candidate=Candidate
[ -z "$german" ] || depends="Hängt ab von" candidate=Installationskandidat
case $* in
"depends linux-image-cloud-amd64") echo "  $depends: linux-image-${NEWEST:-6.1.0-9}-cloud-amd64" ;;
"depends linux-image-7.2.9-cloud-amd64")
	printf "  $depends: %s\n" initramfs-tools linux-binary-7.2.9-cloud-amd64 linux-modules-7.2.9-cloud-amd64 ;;
"depends linux-headers-6.1.0-9-cloud-amd64")
	printf "  $depends: %s\n" linux-headers-6.1.0-9-common linux-kbuild-6.1 linux-compiler-gcc-12-x86 ;;
"policy linux-image-cloud-amd64") echo "  $candidate: 6.1.9-2" ;;
show*6.1.0-9*6.1.9-2) ;;
*) exit 100 ;;
esac
END
tool apt-get <<'END'
echo "$*" >>"$FAKE/asked"
while [ "$1" != download ]; do
	shift
	[ $# -gt 0 ] || exit 0
done
shift
for package in "$@"; do
	case $package in
	linux-kbuild-*=*) exit 100 ;; # that version is not there
	linux-kbuild-*) touch "${package}_6.1.9-3_amd64.deb" ;;
	*) touch "${package%=*}_6.1.9-2_amd64.deb" ;;
	esac
done
END
tool dpkg-deb <<'END'
case $2 in
*linux-image*) mkdir -p "$3/boot" && touch "$3/boot/vmlinuz-6.1.0-9-cloud-amd64" ;;
*linux-binary*) mkdir -p "$3/usr/lib/modules/7.2.9-cloud-amd64" &&
	touch "$3/usr/lib/modules/7.2.9-cloud-amd64/vmlinuz" ;;
*linux-headers*cloud*) mkdir -p "$3/usr/src/linux-headers-6.1.0-9-cloud-amd64" &&
	touch "$3/usr/src/linux-headers-6.1.0-9-cloud-amd64/Makefile" ;;
esac
mkdir -p "$3/usr/share"
touch "$3/usr/share/$(basename "$2" .deb)"
END
# One test module does not build.
tool make <<'END'
for word in "$@"; do
	case $word in M=*) folder=${word#M=} ;; esac
done
name=$(basename "$folder")
[ "$name" != hiding ] || { echo "hiding.c:1: error: no such member"; exit 2; }
echo "int $name;" | gcc -x c -c -o "$folder/$name.ko" -
END

export LVISOR_CACHE="$work/cache"
german tests/guest/kernel.sh "$work/guest/vmlinuz"
is "a kernel is found, in German too" "$? $(basename "$(readlink "$work/guest/vmlinuz")")" \
	"0 vmlinuz-6.1.0-9-cloud-amd64"

LVISOR_CACHE="$work/cache7" NEWEST=7.2.9 german tests/guest/kernel.sh "$work/guest/vmlinuz7"
is "one of 7.1 and later, too" "$? $(basename "$(readlink "$work/guest/vmlinuz7")")" \
	"0 vmlinuz-7.2.9-cloud-amd64"

german tests/guest/modules.sh "$work/guest/vmlinuz" "$work/guest/modules"
code=$?
headers=$work/cache/linux-headers-6.1.0-9-cloud-amd64_6.1.9-2
is "headers come with tools of another version" \
	"$(basename "$(ls "$headers"/usr/share/linux-kbuild* 2>/dev/null)")" linux-kbuild-6.1_6.1.9-3_amd64
is "a module that does not build leaves the others" "$code $(cd "$work/guest/modules" && echo *)" \
	"0 corner.ko hiding.log hostile.ko ramdisk.ko"
is "and is named" "$(grep -c 'hiding does not build' "$work/output")" 1

sed -i '/hiding/d' "$fake/make"
german tests/guest/modules.sh "$work/guest/vmlinuz" "$work/guest/modules"
is "when all build, there is nothing left to do" "$? $(cd "$work/guest/modules" && echo *)" \
	"0 built corner.ko hiding.ko hostile.ko ramdisk.ko"

# a folder whose version the mirror has no longer
mv "$work/cache"/linux-image-* "$work/cache/linux-image-6.1.0-8-cloud-amd64_6.1.8-1_amd64"
ln -sf "$work/cache"/linux-image-*/boot/vmlinuz-* "$work/guest/vmlinuz"
german tests/guest/modules.sh "$work/guest/vmlinuz" "$work/guest/modules"
is "headers that are gone: the rest is built, the next make tries again" \
	"$? $(ls "$work/guest/modules")" "0 "
is "and it is said" "$(grep -c 'headers of 6.1.0-8-cloud-amd64 6.1.8-1 cannot be' "$work/output")" 1

# Summing up, with a suite of one's own.
mkdir -p "$work/tree/tests/guest"
cp tests/check.sh "$work/tree/tests/"
cat >"$work/tree/tests/guest/run.sh" <<'END'
#!/bin/sh
cat "$RESULTS"
END
chmod 755 "$work/tree/tests/guest/run.sh"
export RESULTS="$work/results"
printf 'ok a\nskip b: no disk\nok c\n' >"$RESULTS"
is "what was skipped is named before the last line" \
	"$("$work/tree/tests/check.sh" guest | tail -n 4 | tr '\n' '|')" \
	"These were skipped:|    b: no disk||2 passed, 0 failed, 1 skipped|"
printf 'ok a\nFAIL b\n    why\n' >"$RESULTS"
is "nothing skipped, one failed" "$("$work/tree/tests/check.sh" guest | tail -n 5 | tr '\n' '|')" \
	"These failed:|FAIL b|    why||1 passed, 1 failed|"

# Tests by name; a tree of one's own, so that names can come and go here.
mkdir -p "$work/tree/tests/unit" "$work/tree/tests/fuzz" "$work/tree/tests/guest/cases" "$work/tree/tests/guest/cases-long"
cp tests/find.sh "$work/tree/tests/"
for file in unit/test_vmm_smp.c unit/test_dump.c fuzz/fuzz_walk.c guest/cases/exact.sh guest/cases-long/exact.sh \
	guest/cases-long/boots.sh; do
	: >"$work/tree/tests/$file"
done
find="$work/tree/tests/find.sh"
is "tests are found by name, several too" "$("$find" test_vmm_smp vmm_smp fuzz_walk boots long:exact | tr '\n' ' ')" \
	"unit:test_vmm_smp unit:test_vmm_smp fuzz:walk long:boots long:exact "
is "a name of several is refused with all of them" "$("$find" dump exact 2>&1)" "unit:test_dump
exact is the name of several tests; say which: guest:exact long:exact"
said=$("$find" vmm_snp 2>&1)
is "an unknown one with those near it" "$? $said" "1 there is no test vmm_snp; near it: unit:test_vmm_smp"
"$find" >/dev/null 2>&1
is "and none is a mistake" "$?" 1

# The whole kind: what a script reads of a tool must not depend on the user's language. Scripts that run
# in a guest, or within run.sh, have its environment.
silent=$(git ls-files --cached --others --exclude-standard '*.sh' | while read -r file; do
	case $file in
	tests/guest/cases* | tests/guest/scripts* | tests/guest/types.sh | tests/guest/views.sh) ;;
	*) grep -q '^export LC_ALL=C' "$file" || echo "$file" ;;
	esac
done)
is "each script sets the language of what it reads" "$silent" ""
