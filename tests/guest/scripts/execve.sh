# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Programs with the mark in different places call execve; /bin/lived gives 42 where that succeeds.
# No text here may hold the whole mark: this shell, too, calls execve.

status()
{
	name=$1
	shift
	"$@" 2>/dev/null
	result "$name" $?
}

# Processes that run the same files and must not notice anything.
for build in victim victim-rodata victim-untouched victim-data victim-dynamic; do
	$build twin /tmp/go &
	eval "twin_$(echo $build | tr - _)=$!"
done

for build in victim victim-pie victim-dynamic; do
	for place in bss heap stack argv; do
		status "$build-$place" $build $place 7 xxxxxxxxxxxxxxxx
		status "$build-$place-benign" $build $place x xxxxxxxxxxxxxxxx
	done
done
for build in victim-rodata victim-rodata-pie victim-untouched victim-data victim-data-pie; do
	status $build $build file x
	# what one process did to its copy is not in the file
	touch /tmp/now
	status $build-file-whole $build twin /tmp/now
done

# A shell that replaces itself, with the mark in one of its variables, and one without.
status shell sh -c 'a=suspi; b="${a}cious 7"; : "$b"; exec /bin/lived'
status shell-benign sh -c 'a=suspi; b="${a}cious x"; : "$b"; exec /bin/lived'

# Programs that the kernel starts: what takes a core dump, what loads a module.
came()
{
	n=0
	while [ ! -e /tmp/started ] && [ $n -lt 2000 ]; do
		usleep 50000
		n=$((n + 1))
	done
	# shellcheck disable=SC2010 # a file is there or not
	result "$1" "$(ls /tmp | grep -c '^started$')"
	rm -f /tmp/started
}
echo '|/bin/started %p' >/proc/sys/kernel/core_pattern
sh -c 'kill -SEGV $$'
came core
echo core >/proc/sys/kernel/core_pattern
echo /bin/started >/proc/sys/kernel/modprobe
mkdir /tmp/nowhere
mount -t nosuch1 none /tmp/nowhere 2>/dev/null
came modprobe
ln -s started /bin/refused
echo /bin/refused >/proc/sys/kernel/modprobe
mount -t nosuch2 none /tmp/nowhere 2>/dev/null
# shellcheck disable=SC2010
result refused "$(ls /tmp | grep -c '^started$')"
evade plain benign
result once $?

touch /tmp/go
for build in victim victim-rodata victim-untouched victim-data victim-dynamic; do
	eval "wait \$twin_$(echo $build | tr - _)"
	result "$build-twin" $?
done
status after-all /bin/lived
