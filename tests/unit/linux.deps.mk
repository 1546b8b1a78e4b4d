LINUX_TEST_SRCS := $(LINUX_SRCS) engine/guest.c engine/base/text.c
LINUX_TEST_LIBS := -lbpf -lcapstone -lz
LINUX_TESTS := $(filter-out faults,$(patsubst tests/unit/test_linux_%.c,%,$(wildcard tests/unit/test_linux_*.c)))
$(foreach t,$(LINUX_TESTS),\
	$(eval UNIT_SRCS_test_linux_$(t) := $(LINUX_TEST_SRCS))\
	$(eval UNIT_LIBS_test_linux_$(t) := $(LINUX_TEST_LIBS)))

# Each allocation, those of the libraries too, and each read may fail.
UNIT_SRCS_test_linux_faults := $(LINUX_TEST_SRCS)
UNIT_LIBS_test_linux_faults := $(patsubst %,-Wl$(,)--wrap=%,malloc calloc realloc strdup guest_ptr guest_span guest_read) \
	-l:libbpf.a -l:libcapstone.a -l:libz.a
UNIT_SRCS_test_linux_spans += engine/scan/bytes.c engine/scan/scan.c

UNIT_SRCS_test_profile_isf := $(LINUX_TEST_SRCS) engine/profile/isf.c engine/profile/profile.c
UNIT_LIBS_test_profile_isf := $(LINUX_TEST_LIBS) -ljansson -llzma -lm

UNIT_SRCS_test_view_faults := $(UNIT_SRCS_test_linux_faults)
UNIT_LIBS_test_view_faults := $(UNIT_LIBS_test_linux_faults)
