# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Programs that want to start another one unseen, each with the mark and without: all, or modes=A,B on the
# kernel's command line.

chmod 1777 /tmp
echo 4 >/proc/sys/vm/nr_hugepages
modes=$(sed -n 's/.*modes=\([a-z_0-9,]*\).*/\1/p' /proc/cmdline | tr , ' ')
for mode in ${modes:-$(evade)}; do
	for kind in bad benign; do
		rm -f /tmp/started
		evade $mode $kind 2>/dev/null
		code=$?
		if [ -e /tmp/started ]; then
			result $mode.$kind started $code
		else
			result $mode.$kind stopped $code
		fi
	done
done
