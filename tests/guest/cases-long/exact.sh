# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# As cases/exact.sh: 100,000 calls on each of four processors, 2,000 hooks made and removed. Then
# BOOTS boots (12), 10,000 calls on each of 1, 2 and 4 processors by turns, in both kinds of threads.

# shellcheck disable=SC1091
. "$here/cases/exact.sh"
limit=1200
exact_calls single 0 100000 100
exact_calls multi 1 100000 100

limit=300
number=0
while [ $number -lt "${BOOTS:-12}" ]; do
	case $((number % 3)) in
	0) cpus=1 first=0 ;; # nobody else's thread can meet the first processor's
	1) cpus=2 first=1 ;;
	2) cpus=4 first=1 ;;
	esac
	if [ $((number / 3 % 2)) = 0 ]; then
		exact_boot single 0 10000 100
	else
		exact_boot multi $first 10000 100
	fi
	number=$((number + 1))
	found="$code, $(result calls), $(result compat_calls)"
	counted $all && found="$found, each call once"
	event '"kind": *"\(error\|lost\)"' && found="$found, errors"
	is "boot $number, $cpus processors, $threads" "$found" "0, 0, 0, each call once"
done
