/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel as the host tool knows it: its image, symbols, relocations and identity. Addresses
 * are link-time addresses.
 */
#ifndef CLI_KERNEL_KERNEL_H
#define CLI_KERNEL_KERNEL_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/elf.h"
#include "patcher/cli/kernel/image.h"
#include "patcher/cli/kernel/relocs.h"
#include "patcher/cli/kernel/symbols.h"
#include "patcher/wire/patch.h"

/* Where the symbols come from. */
enum kernel_source { KERNEL_SYMTAB, KERNEL_KALLSYMS, KERNEL_SYSTEM_MAP };

struct kernel {
	char *path;
	struct kernel_image file;
	struct elf_image image;
	enum kernel_source source;
	struct kernel_symbol *symbols;	/* sorted by address */
	size_t nsymbols;
	size_t *by_name;		/* indexes into symbols, sorted by name, then address */
	struct bytes names;		/* of symbols that the image does not hold as strings */
	struct kernel_reloc *relocs;	/* sorted by address */
	size_t nrelocs;
	uint8_t build_id[PATCH_BUILD_ID_MAX];
	uint32_t build_id_len;
	uint64_t build_id_addr;
};

struct kernel_options {
	const char *system_map;		/* take symbols from this file; NULL: from the kernel */
	bool no_cache;			/* unpack anew */
};

/**
 * kernel_open - reads a kernel, whose content shows its format
 * @path: vmlinux (ET_EXEC or ET_DYN x86-64 ELF with a symbol table or with kallsyms), packed or
 *	not, or vmlinuz (bzImage) packed with gzip, xz, zstd or lz4
 * Returns 0, or -1 with the reason in @p.
 */
int kernel_open(struct kernel *k, const char *path, struct problems *p);
int kernel_open_with(struct kernel *k, const char *path, const struct kernel_options *o,
		     struct problems *p);
/* Also of a kernel that is all zero. */
void kernel_close(struct kernel *k);

/*
 * File contents at a link-time address: a pointer to @len bytes, or NULL if not all of them
 * are in the file part of one segment.
 */
const uint8_t *kernel_bytes(const struct kernel *k, uint64_t addr, size_t len);

/* ---- parts of kernel_open() ---- */

/* The rest of kernel_open_with(), after k->file is set. */
int kernel_read(struct kernel *k, const struct kernel_options *o, struct problems *p);
/* Adds "PATH: WHY" to @p. Always -1. */
int not_a_kernel(const struct kernel *k, struct problems *p, const char *why);

#endif
