LINUX_TEST_SRCS := $(wildcard engine/linux/*.c) engine/guest.c
LINUX_TEST_LIBS := -lbpf -lelf -lcapstone -lz
$(foreach t,kallsyms pagewalk trees path insn task memory btf guest,\
	$(eval UNIT_SRCS_test_linux_$(t) := $(LINUX_TEST_SRCS))\
	$(eval UNIT_LIBS_test_linux_$(t) := $(LINUX_TEST_LIBS))\
	$(eval UNIT_CFLAGS_test_linux_$(t) := -Wno-unused-function))
