# The lvisor command.
TOOLS_CFLAGS := $(COMMON_CFLAGS) -O2 -D_GNU_SOURCE -I. -Iinclude
TOOLS_SRCS := $(wildcard tools/*.c)
TOOLS_OBJS := $(TOOLS_SRCS:%.c=$(B)/%.o)

$(B)/tools/lvisor.o: TOOLS_CFLAGS += $(WITH_VERSION)
$(B)/tools/lvisor.o: VERSION

$(TOOLS_OBJS): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOLS_CFLAGS) -MMD -MP -c $< -o $@

# The list of views is the engine's.
$(B)/lvisor: $(TOOLS_OBJS) $(B)/obj/engine/offline/report_table.o
	$(Q)$(CC) -o $@ $^ -ljansson -ldw -lelf

$(B)/fixed_time.so: tools/preload/fixed_time.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOLS_CFLAGS) -shared -fPIC -o $@ $<

-include $(TOOLS_OBJS:.o=.d)
