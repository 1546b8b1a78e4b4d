# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Never ends.
while :; do sleep 1; done
