# The engine: one static program for the protection domain and for plain Linux.
ifdef COVERAGE
# As the vmm's, and where no program of the guest's is.
ENGINE_OPTIMIZE := -Og -fno-inline
ENGINE_PLACE := -Wl,-Ttext-segment=0x68000000
else
ENGINE_OPTIMIZE := -O2 -flto=auto
endif
ENGINE_CFLAGS := $(COMMON_CFLAGS) $(ENGINE_OPTIMIZE) -D_GNU_SOURCE -I. -Iinclude \
	-I/usr/include/lua5.4
ENGINE_SRCS := $(wildcard engine/*.c engine/dump/*.c engine/lua/*.c engine/linux/*.c engine/profile/*.c engine/scan/*.c)
# Below obj/, because $(B)/engine is the program.
ENGINE_OBJS := $(ENGINE_SRCS:%.c=$(B)/obj/%.o)
ENGINE_LIBS := -llua5.4 -lbpf -lelf -lcapstone -ljansson -llzma -lz -lm

$(ENGINE_OBJS): $(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ENGINE_CFLAGS) -MMD -MP -c $< -o $@

$(B)/engine: $(ENGINE_OBJS)
	$(Q)$(CC) $(ENGINE_CFLAGS) -static $(ENGINE_PLACE) -o $@ $(ENGINE_OBJS) $(ENGINE_LIBS)

-include $(ENGINE_OBJS:.o=.d)
