#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What LVisor costs a whole Debian (make guest-disk) with two processors: processor time of the
# emulator, without LVisor and with it, without signatures.
#
#	bench/disk.sh [login|stress [RUNS]]	to the login prompt (default), or for all of
#						stress-ng's stressors of the guest test "stress"
#
# The two run by turns, RUNS times each (5), so that what else the machine does meets both. Prints
# each pair and the medians, as a table in Markdown. A run of "stress" takes several minutes.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1

build=${B:-build}
what=${1:-login}
runs=${2:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tests/guest/disk.sh "$build/guest/disk" || exit 1
disk=$build/guest/disk
tar -C tests/guest/scripts-disk -cf "$work/scripts.tar" . || exit 1

case $what in
login)
	append=
	from='' to='guest login:' file=$work/console limit=300
	;;
stress)
	append=lvtest=stress
	from='^result stress begin' to='^result stress end' file=$work/results limit=3600
	;;
*)
	echo "bench: '$what' is neither login nor stress" >&2
	exit 2
	;;
esac

# ticks: processor time of the emulator so far, user and system, in hundredths of a second
ticks()
{
	sed 's/.*) //' "/proc/$emulator/stat" | {
		read -r _ _ _ _ _ _ _ _ _ _ _ user system _
		echo $((user + system))
	}
}

# wait_for PATTERN: until the guest has written it
wait_for()
{
	until grep -q "$1" "$file"; do
		kill -0 $run 2>/dev/null || return 1
		sleep 0.1
	done
}

# measure [LVISOR-ARGUMENT...]: leaves $time
measure()
{
	: >"$work/results"
	: >"$work/console"
	"$build/lvisor" run --cpus 2 --tcg multi --kernel "$disk/vmlinuz-cloud" --initrd "$disk/initrd-cloud" \
		--append "panic=-1 $append" --disk "$disk/disk.img" --disk "$work/scripts.tar" \
		--net user --timeout $limit --events "$work/events" "$@" -- \
		-device virtio-serial-pci -chardev "file,id=results,path=$work/results" \
		-device virtserialport,chardev=results,name=results \
		</dev/null >"$work/console" 2>"$work/messages" &
	run=$!
	emulator=
	while [ -z "$emulator" ] && kill -0 $run 2>/dev/null; do
		emulator=$(cut -d ' ' -f 1 "/proc/$run/task/$run/children")
	done
	start=0
	if { [ -z "$from" ] || { wait_for "$from" && start=$(ticks); }; } && wait_for "$to"; then
		time=$(($(ticks) - start))
		kill $run
		wait $run
	else
		wait $run
		echo "bench: the guest did not come to '$to':" >&2
		tail -n 5 "$work/messages" "$work/console" >&2
		exit 1
	fi
}

seconds()
{
	awk "BEGIN { printf \"%.2f\", $1 / 100 }"
}

# median FILE
median()
{
	sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

echo "| run ($what) | plain QEMU, s | LVisor, s | ratio |"
echo "|---|---|---|---|"
i=0
while [ $i -lt "$runs" ]; do
	i=$((i + 1))
	measure --plain
	plain=$time
	measure
	ratio=$(awk "BEGIN { printf \"%.3f\", $time / $plain }")
	echo "| $i | $(seconds $plain) | $(seconds $time) | $ratio |"
	echo "$plain" >>"$work/plain"
	echo "$time" >>"$work/ours"
	echo "$ratio" >>"$work/ratio"
done
echo "| median | $(seconds "$(median "$work/plain")") | $(seconds "$(median "$work/ours")") | $(median "$work/ratio") |"
