# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Four processors, or two in Bochs: each hooked call is seen once and in its processor's order, while
# other hooks are made and removed. cases-long has larger numbers.

cpus=4
[ "$vendor" = intel ] && cpus=2

# exact_calls CALLS EVERY: calls of each processor; another hook is made or removed at each EVERY-th
exact_calls()
{
	boot --cpus $cpus --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/exact" \
		--vmm budget=5000 --append "quiet panic=-1 lvtest=exact exact=$1,$2"
	is "exit code" "$code" 0
	is "calls return what they should" "$(result calls)" 0
	is "int 0x80 too" "$(result compat_calls)" 0
	holds "each call is seen once, in order" event \
		"all $(($1 * cpus)), stepped $(($1 * cpus / 4)), gaps 0, turns $(($1 * cpus / $2 / 2)), others seen"
	holds "int 0x80 too: each is seen once" event \
		"all $(($1 * cpus / 10)), stepped $(($1 * cpus / 40)), gaps 0, turns $(($1 * cpus / $2 / 20)), others seen"
	holds "no error" no_event '"kind": *"error"'
	holds "nothing is lost" no_event '"kind": *"lost"'
}

if [ "$vendor" = intel ]; then
	exact_calls 2000 2
else
	exact_calls 2000 20
fi
