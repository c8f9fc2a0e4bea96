# SPDX-License-Identifier: GPL-2.0-only
# Tests of the whole host tool: shell scripts run a build of it with the sanitizers, and a
# make-believe hypervisor.

HOST_PROGRAMS += subtext-asan
subtext-asan_SRCS := $(CLI_SRCS)
subtext-asan_CFLAGS := $(CLI_CFLAGS)
subtext-asan_LIBS := $(CLI_LIBS)
$(BUILD)/obj/unit-subtext-asan/patcher/cli/build/headers.o: $(CLI_HEADERS)

HOST_PROGRAMS += tool-server
tool-server_SRCS := guest-tests/tool/server.c \
	$(addprefix patcher/wire/,base64.c crc32.c line.c patch.c server.c text.c verbs.c)

TOOL_TESTS := build tables linux-build inspect module redirect session usage symbols
HOST_TESTS += $(foreach t,$(TOOL_TESTS),cli-$(t)=guest-tests/tool/$(t).sh)
