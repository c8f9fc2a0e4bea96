# SPDX-License-Identifier: GPL-2.0-only
# Fuzzer of how the host tool reads kernels. It is compiled with the flags of the tool.
FUZZERS += fuzz_kernel
fuzz_kernel_SRCS := guest-tests/fuzz/fuzz_kernel.c $(addprefix patcher/cli/,bytes.c elf_image.c \
	elf_kernel.c elf_symbols.c image_cache.c kallsyms.c kallsyms_find.c kernel_image.c \
	kernel_relocs.c kernel_symbols.c kernel_tables.c listed_symbols.c out.c system_map.c unpack.c)
fuzz_kernel_CFLAGS := -D_GNU_SOURCE
fuzz_kernel_LIBS := -ljansson -lcrypto -lz -llzma -lzstd -llz4
