# SPDX-License-Identifier: Apache-2.0
# LVisor. Everything is built in build/; missing Debian packages are installed first (tools/deps.sh).
#
#	make			build/lvisor (the command), build/lvisor.bin, build/engine
#	make demo		boot a guest and watch a signature stop a process
#	make check		all tests; check-unit, check-fuzz and check-guest are its parts
#	make test T=NAME	any unit, fuzz or guest test, or several: T='vmm_smp fuzz_walk execve'
#	make check-long		the same and the tests that take long, and make check on Debian 13
#	make guest-disk		a whole Debian on a disk image, as a guest: build/guest/disk/
#	make fuzz		search with each fuzzer, FUZZ_SECONDS=600 each
#	make coverage		which lines the tests execute: on the host, and as a guest's hypervisor
#	make bench		measurements, as tables
#	VENDOR=intel		demo and check-guest on Intel VT-x in Bochs (slow)
#	make lint		what clang, cppcheck, shellcheck and clang-tidy find
#	make style		where the formatting differs from .clang-format; make format mends it
#	make compile_commands.json	how each source is compiled, for editors
#	make clean
#
# V=1 shows the commands. LVISOR_CACHE=DIR keeps downloads where several clones share them.
# An image with more checks has a folder of its own: make DEBUG=1 gives build/debug.
B := build$(if $(DEBUG),/debug)
VENDOR := amd
export VENDOR
Q := $(if $(V),,@)
export B
CC := gcc
LTO := -flto=auto
COMMON_CFLAGS := -std=gnu11 -g -Wall -Wextra -Wshadow -Werror=implicit -Wno-unused-parameter

# Sources that print the version need $(WITH_VERSION), and VERSION as a prerequisite.
WITH_VERSION = -DLVISOR_VERSION='"$(shell cat VERSION)"'

# All processors, unless -j says otherwise.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

.DEFAULT_GOAL := all

# make test: what tests/find.sh finds for T, KIND:NAME each.
ifneq ($(filter test,$(MAKECMDGOALS)),)
TESTS := $(shell tests/find.sh $(T))
ifneq ($(.SHELLSTATUS),0)
$(error no test is run, see above)
endif
endif
TESTS_IN_GUESTS := $(filter guest:% long:%,$(TESTS))

# What has to be installed for the goals asked for; asked once, by the outermost make.
ifneq ($(filter-out clean,$(or $(MAKECMDGOALS),all)),)
ifndef LVISOR_DEPS
DEP_GROUPS := build \
	$(if $(filter demo guest check check-guest check-long bench coverage,$(MAKECMDGOALS))$(TESTS_IN_GUESTS),guest) \
	$(if $(filter intel,$(VENDOR))$(filter check check-long,$(MAKECMDGOALS)),bochs) \
	$(if $(filter check check-unit check-fuzz check-long unit-tests fuzzers replays fuzz coverage,$(MAKECMDGOALS))$(filter unit:% fuzz:%,$(TESTS)),test) \
	$(if $(filter check check-fuzz check-long fuzzers fuzz,$(MAKECMDGOALS))$(filter fuzz:%,$(TESTS)),fuzz) \
	$(if $(filter lint check-long,$(MAKECMDGOALS)),lint) \
	$(if $(filter style format check check-unit check-long,$(MAKECMDGOALS)),style)
$(shell tools/deps.sh $(DEP_GROUPS))
ifneq ($(.SHELLSTATUS),0)
$(error packages are missing, see above)
endif
export LVISOR_DEPS := there
endif
endif

include vmm/vmm.mk engine/engine.mk tools/tools.mk tests/unit/unit.mk tests/fuzz/fuzz.mk tests/guest/guest.mk

PRODUCTS := $(B)/lvisor.bin $(B)/engine $(B)/lvisor $(B)/fixed_time.so

all: $(PRODUCTS)

# Compiled, not linked: what tests/lint.sh asks of another compiler.
objects: $(VMM_OBJS) $(ENGINE_OBJS) $(TOOLS_OBJS)

demo: $(PRODUCTS) guest
	$(Q)tests/guest/demo.sh

check: $(PRODUCTS) unit-tests fuzzers guest
	$(Q)tests/check.sh unit fuzz guest intel

test: $(patsubst unit:%,$(B)/unit/%,$(filter unit:%,$(TESTS))) $(patsubst fuzz:%,$(B)/fuzz/fuzz_%,$(filter fuzz:%,$(TESTS))) \
		$(if $(TESTS_IN_GUESTS),$(PRODUCTS) guest)
	$(Q)tests/check.sh $(TESTS)

check-unit: unit-tests
	$(Q)tests/check.sh unit

check-fuzz: fuzzers
	$(Q)tests/check.sh fuzz

check-guest: $(PRODUCTS) guest
	$(Q)tests/check.sh guest

check-long: $(PRODUCTS) unit-tests fuzzers guest
	$(Q)tests/check.sh unit lint fuzz guest intel-all long debian

coverage:
	$(Q)$(MAKE) B=build/coverage COVERAGE=1 all guest unit-tests replays
	$(Q)B=build/coverage tests/coverage.sh

fuzz: fuzzers
	$(Q)tests/fuzz/run.sh search $(FUZZ_SECONDS)

bench: $(PRODUCTS) guest
	$(Q)bench/run.sh
	@echo
	$(Q)bench/types.sh
	@echo
	$(Q)bench/native.sh

lint:
	$(Q)tests/check.sh lint

format:
	$(Q)git ls-files '*.c' '*.h' ':!tests/guest/modules' | xargs clang-format -i

style:
	$(Q)git ls-files '*.c' '*.h' ':!tests/guest/modules' | xargs clang-format --dry-run --Werror

# What make knows, with nothing compiled.
compile_commands.json:
	$(Q)$(MAKE) -s -Bn all unit-tests | tools/compile_commands.sh >$@

clean:
	rm -rf $(B)

.PHONY: all objects demo check test check-unit check-fuzz check-guest check-long coverage fuzz bench lint style compile_commands.json clean
