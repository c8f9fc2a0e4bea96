# SPDX-License-Identifier: GPL-2.0-only
# The pure parts of the host tool, by its folders: how code is decoded, and how kernels are read.

# What of base/ all of the tool's folders use.
CLI_BASE := base/array.c base/bytes.c base/memory.c base/problems.c

UNIT_TESTS += test_window test_kallsyms test_unpack

test_window_SRCS := guest-tests/unit/cli/code/test_window.c patcher/cli/code/window.c \
	patcher/cli/code/disasm.c
test_window_LIBS := -lZydis

test_kallsyms_SRCS := guest-tests/unit/cli/kernel/test_kallsyms.c \
	$(addprefix patcher/cli/,$(CLI_BASE) kernel/elf.c kernel/kallsyms.c kernel/kallsyms_find.c)
test_kallsyms_CFLAGS := -D_GNU_SOURCE

test_unpack_SRCS := guest-tests/unit/cli/kernel/test_unpack.c \
	$(addprefix patcher/cli/,$(CLI_BASE) kernel/cache.c kernel/image.c kernel/unpack.c)
test_unpack_CFLAGS := -D_GNU_SOURCE
test_unpack_LIBS := -lcrypto -lz -llzma -lzstd -llz4
