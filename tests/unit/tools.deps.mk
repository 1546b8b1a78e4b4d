UNIT_SRCS_test_tools_ring := tools/ring.c tools/message.c
UNIT_SRCS_test_tools_ustar := tools/ustar.c
UNIT_SRCS_test_tools_log := tools/log.c
UNIT_SRCS_test_tools_machine := tools/accel.c tools/qemu.c tools/bochs.c tools/inputs.c tools/profile.c tools/disk.c tools/signatures.c tools/ustar.c tools/message.c
UNIT_SRCS_test_tools_accel := tools/doctor.c $(UNIT_SRCS_test_tools_machine)
UNIT_SRCS_test_tools_events := tools/events.c tools/dumps.c tools/screen.c tools/message.c
UNIT_LIBS_test_tools_events := -ljansson
