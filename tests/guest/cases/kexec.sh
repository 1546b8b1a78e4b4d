# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The guest's kernel starts another one, on request and when it panics: LVisor stays below, the
# change is an event, and the signatures watch the new kernel.

mkdir -p "$work/root/kexec"
cp "$kernel" "$work/root/kexec/vmlinuz"
cp "$initramfs" "$work/root/kexec/initramfs"
(cd "$work/root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -n -1) \
	>"$work/more.gz"
rm -r "$work/root"
cat "$initramfs" "$work/more.gz" >"$work/initrd"

# kexec HOW LVISOR-ARGUMENT...
kexec()
{
	how=$1
	shift
	boot --kernel "$kernel" --initrd "$work/initrd" \
		--append "quiet panic=-1 no_timer_check crashkernel=192M lvtest=kexec lvhow=$how" "$@"
	is "$how: exit code" "$code" 0
	is "$how: the kernel is loaded" "$(result load)" 0
	is "$how: calls return in the new one" "$(result callsafter)" 0
	is "$how: LVisor is below both" "$(result "svm$how") $(result svmafter)" "0 0"
}

for how in kexec crash; do
	kexec $how --signature "$here/signatures/count/count.lua"
	holds "$how: calls in the old kernel are counted" event 'filtered 100,'
	holds "$how: the change is told" event '"kind": *"kexec"' '"process"'
	is "$how: kernels found" "$(grep -c '"kind": *"kernel"' "$work/events")" 2
	holds "$how: calls in the new kernel are counted" event 'filtered 300,'
	holds "$how: no error" no_event '"kind": *"error"'
	holds "$how: no restart" no_event '"kind": *"restart"'
	holds "$how: nothing is lost" no_event '"kind": *"lost"'
done

kexec kexec --cpus 2
rm "$work/initrd" "$work/more.gz"
