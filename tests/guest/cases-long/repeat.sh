# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The paper's signature, hundreds of times: none escapes, none is hit by mistake.

limit=600
boot_script repeat --signature signatures/paper.lua
is "exit code" "$code" 0
is "malicious processes died" "$(result died)" 300
is "benign processes lived" "$(result lived)" 100
is "anything else" "$(result other)" 0
is "the twin lives" "$(result twin)" 0
holds "no error" no_event '"kind": *"error"'
holds "no restart" no_event '"kind": *"restart"'
holds "nothing is lost" no_event '"kind": *"lost"'
