# SPDX-License-Identifier: GPL-2.0-only
# The coexistence tests' program for the guest, where there are no libraries.

COEXIST_SRCS := $(addprefix guest-tests/linux/coexist/,bpf.c coexist.c module.c trace.c) \
	patcher/wire/crc32.c

ALL += $(BUILD)/linux/coexist

$(BUILD)/linux/coexist: $(COEXIST_SRCS) guest-tests/linux/coexist/coexist.h \
		patcher/wire/crc32.h Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -static -s -o $@ $(COEXIST_SRCS)
