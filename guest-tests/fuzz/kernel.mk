# SPDX-License-Identifier: GPL-2.0-only
# Fuzzer of how the host tool reads kernels. It is compiled with the flags of the tool.
FUZZERS += fuzz_kernel
fuzz_kernel_SRCS := guest-tests/fuzz/fuzz_kernel.c $(addprefix patcher/cli/,$(CLI_BASE) \
	$(addprefix kernel/,elf.c kernel.c symtab.c cache.c kallsyms.c kallsyms_find.c image.c relocs.c \
	symbols.c tables.c listed.c system_map.c unpack.c))
fuzz_kernel_CFLAGS := -D_GNU_SOURCE
fuzz_kernel_LIBS := -lcrypto -lz -llzma -lzstd -llz4
