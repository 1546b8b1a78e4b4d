# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# How many processors the kernel has started; without ACPI, it can reboot but not power off.

result cpus "$(grep -c ^processor /proc/cpuinfo)"
reboot -f
