# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Calls with handlers that work for a while, until the host has stopped this machine often enough.

calls getsid 400
result calls $?
calls getpriority 1
