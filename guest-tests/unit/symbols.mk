# SPDX-License-Identifier: GPL-2.0-only
# Tests of how the host tool reads kernels.

UNIT_TESTS += test_kallsyms test_unpack
test_kallsyms_SRCS := guest-tests/unit/test_kallsyms.c \
	$(addprefix patcher/cli/,bytes.c elf_image.c kallsyms.c kallsyms_find.c out.c)
test_kallsyms_CFLAGS := -D_GNU_SOURCE
test_kallsyms_LIBS := -ljansson
test_unpack_SRCS := guest-tests/unit/test_unpack.c \
	$(addprefix patcher/cli/,bytes.c image_cache.c kernel_image.c out.c unpack.c)
test_unpack_CFLAGS := -D_GNU_SOURCE
test_unpack_LIBS := -ljansson -lcrypto -lz -llzma -lzstd -llz4

HOST_TESTS += cli-symbols=guest-tests/unit/test_cli_symbols.sh
