# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
calls getsid 40
result flood $?
