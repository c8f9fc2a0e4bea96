# SPDX-License-Identifier: GPL-2.0-only
# The host tool. What of patcher/ runs in root mode is built by vmm/build.mk.

CLI_SRCS := $(sort $(wildcard patcher/cli/*.c patcher/cli/*/*.c)) \
	$(addprefix patcher/wire/,base64.c base64_encode.c client.c client_upload.c crc32.c line.c patch.c \
		text.c)
CLI_LIBS := -lelf -lZydis -lcrypto -ljansson -lz -llzma -lzstd -llz4
CLI_CFLAGS := -D_GNU_SOURCE $(VERSION_FLAG)
CLI_OBJS := $(CLI_SRCS:%.c=$(BUILD)/obj/cli/%.o)

ALL += $(BUILD)/subtext
DEPS += $(CLI_OBJS:.o=.d)

$(BUILD)/subtext: $(CLI_OBJS)
	$(CC) $(HOST_CFLAGS) -o $@ $^ $(CLI_LIBS)

$(BUILD)/obj/cli/%.o: %.c Makefile patcher/build.mk
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) $(CLI_CFLAGS) -MMD -MP -c -o $@ $<

# Its assembly includes the headers; -MMD does not list files that assembly includes.
CLI_HEADERS := patcher/cli/include/subtext.h $(wildcard patcher/cli/include/kernel/*.h) \
	$(wildcard patcher/cli/include/kernel/asm/*.h)
$(BUILD)/obj/cli/patcher/cli/build/headers.o: $(CLI_HEADERS)
