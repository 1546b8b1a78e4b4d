# The engine: one static program for the protection domain and for plain Linux.
ENGINE_CFLAGS := $(COMMON_CFLAGS) -O2 -flto=auto -D_GNU_SOURCE -I. -Iinclude \
	-I/usr/include/lua5.4
ENGINE_SRCS := $(wildcard engine/*.c engine/lua/*.c engine/linux/*.c engine/scan/*.c)
# Below obj/, because $(B)/engine is the program.
ENGINE_OBJS := $(ENGINE_SRCS:%.c=$(B)/obj/%.o)
ENGINE_LIBS := -llua5.4 -lbpf -lelf -lcapstone -ljansson -lz -lm

$(ENGINE_OBJS): $(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ENGINE_CFLAGS) -MMD -MP -c $< -o $@

$(B)/engine: $(ENGINE_OBJS)
	$(Q)$(CC) $(ENGINE_CFLAGS) -static -o $@ $(ENGINE_OBJS) $(ENGINE_LIBS)

-include $(ENGINE_OBJS:.o=.d)
