# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Many processes of the same files, malicious and benign ones, several at a time.
died=0 lived=0 other=0

count()
{
	case $1 in
	139) died=$((died + 1)) ;;
	42) lived=$((lived + 1)) ;;
	*) other=$((other + 1)) ;;
	esac
}

victim-rodata twin /tmp/go &
twin=$!
for round in $(seq 100); do
	victim bss 7 2>/dev/null &
	a=$!
	victim-rodata file x 2>/dev/null &
	b=$!
	victim-dynamic heap x 2>/dev/null &
	c=$!
	victim-pie stack 7 2>/dev/null &
	d=$!
	for pid in $a $b $c $d; do
		wait $pid
		count $?
	done
done
touch /tmp/go
wait $twin
result twin $?
result died $died
result lived $lived
result other $other
