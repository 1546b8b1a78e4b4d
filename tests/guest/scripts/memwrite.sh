# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Memory of other processes that comes and goes while it is written to; huge pages.

echo 8 >/proc/sys/vm/nr_hugepages
memwrite huge
memwrite foreign 150
result foreign $?
