# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# As cases/exact.sh: 100,000 calls on each of four processors, 2,000 hooks made and removed.

# shellcheck disable=SC1091
. "$here/cases/exact.sh"
limit=1200
exact_calls 100000 100
