#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the bare test kernel and its engine.
#
#	tests/guest/bare/build.sh OUT	OUT: folder for kernel and engine
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
out=$1
flags="-I$here -I$here/../../../include -O1 -Wall -Wextra -ffreestanding -fno-stack-protector
	-fno-pic -fno-pie -fcf-protection=none -fno-asynchronous-unwind-tables"
mkdir -p "$out"
# shellcheck disable=SC2086
gcc $flags -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -nostdlib -static -no-pie \
	-Wl,--build-id=none,-z,noexecstack,-z,max-page-size=4096,--no-warn-rwx-segments -Wl,-T,"$here/bare.lds" -o "$out/bare.elf" \
	"$here/entry.S" "$here/snippets.S" "$here/bare.c"
objcopy -O binary "$out/bare.elf" "$out/bare.bin"
truncate -s %4096 "$out/bare.bin"
gcc -DKERNEL_SIZE="$(stat -c %s "$out/bare.bin")" -c -o "$out/setup.o" "$here/setup.S"
ld --oformat=binary -Ttext=0 -e 0 -o "$out/setup.bin" "$out/setup.o"
cat "$out/setup.bin" "$out/bare.bin" >"$out/kernel"
# shellcheck disable=SC2086
gcc $flags -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack -o "$out/engine" "$here/engine.c"
