# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Four processors, or two in Bochs: each hooked call is seen once and in its processor's order, while
# other hooks are made and removed. Once in one thread of QEMU's, and once in a thread for each processor, where the
# first makes no hooked calls (docs/testing.md, "When a shutdown is QEMU's"). cases-long has larger numbers.

cpus=4
[ "$vendor" = intel ] && cpus=2

# exact_boot THREADS FIRST CALLS EVERY: calls of each processor from FIRST on; another hook is made
# or removed at each EVERY-th. THREADS is what --tcg says.
exact_boot()
{
	threads=$1 first=$2 calls=$3 every=$4 all=$(($3 * (cpus - $2)))
	shift 4
	[ "$vendor" = intel ] || set -- --tcg "$threads"
	boot --cpus $cpus --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/exact" \
		--vmm budget=5000 --append "quiet panic=-1 no_timer_check lvtest=exact exact=$calls,$every,$first" "$@"
}

# counted ALL: the lines that exact.lua prints for ALL calls, and a tenth of them by int 0x80
counted()
{
	event "all $1, stepped $(($1 / 4)), gaps 0, turns $(($1 / every / 2)), others seen" &&
		event "all $(($1 / 10)), stepped $(($1 / 40)), gaps 0, turns $(($1 / every / 20)), others seen"
}

exact_calls()
{
	exact_boot "$@"
	is "$1: exit code" "$code" 0
	is "$1: calls return what they should" "$(result calls) $(result compat_calls)" "0 0"
	holds "$1: each call is seen once, in order, by int 0x80 too" counted $all
	holds "$1: no error" no_event '"kind": *"error"'
	holds "$1: nothing is lost" no_event '"kind": *"lost"'
}

if [ "$vendor" = intel ]; then
	exact_calls Bochs 0 2000 2
else
	exact_calls single 0 2000 20
	exact_calls multi 1 2000 20
fi
