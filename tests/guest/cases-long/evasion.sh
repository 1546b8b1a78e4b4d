# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC1090,SC2034,SC2154
# The cases evasion, memwrite and execve on Debian's other kernels; evasion with several processors, of which
# QEMU emulates all in one thread or each in its own; and a selection on Intel.

# again NAME WHAT: the quick case NAME, with what was set for it
again()
{
	case="$1, $2"
	. "$here/cases/$1.sh"
}

for series in 5.10 6.12 newest; do
	need_kernel $series cloud || continue
	kernel=$other died=
	[ $series = 5.10 ] && died=137
	for name in evasion memwrite execve; do
		again $name $series
	done
done
kernel=$build/guest/vmlinuz died=

for machine in "--cpus 2" "--cpus 4" "--cpus 2 --tcg multi" "--cpus 4 --tcg multi"; do
	again evasion "$machine"
done
machine=

vendor=intel limit=1200
words=modes=plain,shadow,large,huge,by_descriptor,in_shared,stubborn,compatible,thread,vfork
again evasion Intel
