# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# What the command says to mistakes: each names the thing, ends with 1, and starts nothing.

other=$work/"a folder, with spaces"
mkdir "$other" "$work/empty"
echo 'print("x")' >"$work/good.lua"

refuse run
refused "no kernel" "--kernel"
refuse run --kernel "$other/none"
refused "missing kernel" "a folder, with spaces/none: No such file"
refuse run --kernel "$lvisor"
refused "kernel that is an ELF file" "bzImage"
refuse run --kernel "$initramfs"
refused "kernel that is no kernel" "not a Linux kernel"
refuse run --kernel "$work/empty"
refused "kernel that is a folder" "not a regular file"
: >"$work/nothing"
refuse run --kernel "$work/nothing"
refused "empty kernel" "empty"
refuse run --kernel "$kernel" --initrd "$work/none"
refused "missing initrd" "initrd .*none: No such file"
refuse run --kernel "$kernel" --signature "$work/none.lua"
refused "missing signature" "signature .*none.lua: No such file"
refuse run --kernel "$kernel" --signature "$work/empty"
refused "empty signature folder" "no \*.lua"
refuse run --kernel "$kernel" --signature "$kernel"
refused "signature that is none" "ends in .lua"
refuse run --kernel "$kernel" --disk "$other/none"
refused "missing disk" "disk .*/a folder, with spaces/none: No such file"
refuse run --kernel "$kernel" --disk "$kernel,writ"
refused "disk with an unknown option" "No such file or directory (behind a comma: write"
refuse run --kernel "$kernel" --disk "$other"
refused "disk that is a folder" "neither a regular file nor a block device"
refuse run --kernel "$kernel" --disk "$work/nothing,write"
refused "empty disk" "truncate -s"
refuse run --kernel "$kernel" --disk "$kernel,format=qcow2"
refused "disk in another format" "is not a qcow2 image"
printf 'QFI\373' >"$work/qcow2"
refuse run --kernel "$kernel" --disk "$work/qcow2"
refused "disk in a format that is not named" "add ,format=qcow2"
refuse run --kernel "$kernel" --net tap
refused "unknown network" "neither none nor user"
refuse run --kernel "$kernel" --vendor intel --accel tcg --disk "$kernel"
refused "disk in Bochs" "neither disk nor network"
refuse run --kernel "$kernel" --memory 32
refused "too little memory" "too little"
refuse run --kernel "$kernel" --memory much
refused "memory that is no number" "not a number"
refuse run --kernel "$kernel" --events "$work/none/events"
refused "events file that cannot be made" "No such file"
refuse run --kernel "$kernel" --plain --signature "$work/good.lua"
refused "signature without LVisor" "--plain"
refuse run --kernel "$kernel" --cpus 17
refused "too many processors" "1 to 16 processors"
refuse run --kernel "$kernel" --cpus 0
refused "no processor" "not a number"
refuse run --kernel "$kernel" --vendor via
refused "unknown vendor" "neither amd nor intel"
refuse run --kernel "$kernel" --vendor intel --emulator qemu --accel tcg
refused "Intel in QEMU" "QEMU without KVM has no Intel VT-x"
refuse run --kernel "$kernel" --vendor intel --accel tcg -- -smp 1
refused "QEMU's arguments for Bochs" "mean nothing to Bochs"
refuse run --kernel "$kernel" --vendor amd --emulator bochs --cpus 2
refused "several processors of AMD's in Bochs" "one processor only in Bochs"
refuse run --kernel "$kernel" --accel fast
refused "unknown accelerator" "none of tcg, kvm and auto"
refuse run --kernel "$kernel" --accel kvm --emulator bochs
refused "KVM in Bochs" "Bochs has no KVM"
refuse run --kernel "$kernel" --accel kvm -- -accel tcg
refused "two accelerators" "contradicts"
refuse run --kernel "$kernel" --tcg double
refused "unknown threads" "neither single nor multi"
refuse run --kernel "$kernel" --vendor intel --accel tcg --tcg multi
refused "QEMU's threads in Bochs" "--tcg is for QEMU"
refuse run --kernel "$kernel" surplus
refused "surplus argument" "unexpected argument 'surplus'"
refuse run --kernel "$kernel" --nonsense
refused "unknown option" "nonsense"
refuse fly
refused "unknown command" "no command"
refuse check
refused "check of nothing" "name the signatures"
refuse check "$work/none.lua"
refused "check of a missing file" "none.lua: No such file"
refuse check "$here/signatures/faulty"
refused "check of faulty signatures" "syntax.lua:2: "
# names and texts of somebody else's
mkdir "$work/others"
escape=$(printf '\033')
printf 'x = "%s[31m' "$escape" >"$work/others/one${escape}[31m.lua"
printf 'error("\\n/other.lua:1: forged")' >"$work/others/two.lua"
mkdir "$work/others/three$escape.lua"
refuse check "$work/others"
refused "check of a name with controls" 'one\\x1b\[31m.lua:1: unfinished string'
refused "check of a name with controls that is no file's" 'three\\x1b.lua: Is a directory'
is "no controls" "$(tr -d '\n\t\040-\176\200-\377' <"$work/messages" | wc -c)" 0
is "no message of another file" "$(grep -c '^/other' "$work/messages")" 0
rm -r "$work/others"
refuse check signatures "$here/signatures/count/count.lua"
is "check of good signatures" "$code" 0
if [ "$(id -u)" != 0 ]; then
	cp "$initramfs" "$work/closed"
	chmod 0 "$work/closed"
	refuse run --kernel "$kernel" --initrd "$work/closed"
	refused "unreadable initrd" "Permission denied"
	refuse run --kernel "$kernel" --disk "$work/closed"
	refused "unreadable disk" "Permission denied"
fi
mkdir "$work/path"
ln -s "$(command -v timeout)" "$work/path/timeout"
PATH="$work/path" timeout 120 "$lvisor" run --kernel "$kernel" </dev/null >"$work/console" 2>"$work/messages"
code=$?
refused "no QEMU" "apt-get install qemu-system-x86"

refuse --version
is "--version" "$code" 0
refuse --help
is "--help" "$code" 0
refuse run --help
is "run --help" "$code" 0
refuse policy
is "policy" "$code" 0
holds "policy names what it refuses" grep "VM_HSAVE_PA" "$work/console"
refuse policy all
refused "policy with an argument" "unexpected argument 'all'"
