# LVisor. Targets: all, demo, check, check-unit, check-guest, check-long, bench, clean.
B := build
Q := $(if $(V),,@)
CC := gcc
COMMON_CFLAGS := -std=gnu11 -g -Wall -Wextra -Wshadow -Werror=implicit -Wno-unused-parameter

.DEFAULT_GOAL := all

include vmm/vmm.mk engine/engine.mk tools/tools.mk tests/unit/unit.mk

all: $(B)/lvisor.bin $(B)/engine $(B)/lvisor

clean:
	rm -rf $(B)

.PHONY: all clean
