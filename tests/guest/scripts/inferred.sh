# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Processes as /proc has them, without those that only live to say so.

for process in /proc/[0-9]*; do
	pid=${process#/proc/} ppid='' uid='' comm=''
	while read -r key value rest; do
		case $key in
		Name:) comm=$value ;;
		PPid:) ppid=$value ;;
		Uid:) uid=$value ;;
		esac
	done <"$process/status" 2>/dev/null
	[ -n "$uid" ] && result process "$pid $ppid $uid $comm"
done
calls getppid 200
calls getpriority 1
