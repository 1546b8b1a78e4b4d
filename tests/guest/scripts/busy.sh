# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Work with files, pipes and processes, whose outcome is known.

mkdir /tmp/tree
for i in $(seq 40); do
	/bin/busybox head -c $((i * 1000)) /bin/busybox >/tmp/tree/$i
done
/bin/busybox tar -C /tmp -cf - tree | /bin/busybox gzip >/tmp/tree.gz
/bin/busybox rm -r /tmp/tree
/bin/busybox gunzip </tmp/tree.gz | /bin/busybox tar -C /tmp -xf -
result sum "$(/bin/busybox cat /tmp/tree/* | /bin/busybox sha256sum)"
result files "$(ls /tmp/tree | wc -l)"
calls getpriority 1
