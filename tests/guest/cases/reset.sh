# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A guest resets the machine in a way that keeps memory, and leaves word for the firmware to go on in its
# code: the firmware starts from its beginning all the same, and LVisor with it. (More ways: leave.sh.)

boot_script leave --append "quiet panic=-1 lvtest=leave lvhow=warm64" -- -action reboot=reset
is "exit code" "$code" 0
is "word is left" "$(result warm)" 0
is "nothing goes on" "$(result escaped)" ""
is "the guest boots again" "$(result again)" 1
is "LVisor is below both times" "$(grep -a -c "^LVisor .* on " "$work/log")" 2
