/* SPDX-License-Identifier: GPL-2.0-only */
/* An ELF kernel with symbols, as the linker left it: addresses are link-time addresses. */
#ifndef CLI_ELF_KERNEL_H
#define CLI_ELF_KERNEL_H

#include <libelf.h>
#include "cli/cli.h"
#include "wire/patch.h"

struct kernel_symbol {
	uint64_t addr, size;
	const char *name;
	const char *file;	/* source file of a local symbol, or "" */
	const char *section;	/* name of its section, or "" */
	bool local, function, object;
	bool executable;	/* lies in an executable section */
	bool absolute;		/* its value does not move with the kernel */
};

struct kernel {
	char *path;
	int fd;
	Elf *elf;
	const uint8_t *raw;	/* the file */
	size_t raw_size;
	struct kernel_symbol *symbols;	/* sorted by address */
	size_t nsymbols;
	size_t *by_name;		/* indexes into symbols, sorted by name, then address */
	uint64_t *relocs;	/* sorted addresses of 8-byte fields that the loader relocates */
	size_t nrelocs;
	uint8_t build_id[PATCH_BUILD_ID_MAX];
	uint32_t build_id_len;
	uint64_t build_id_addr;
};

/* Opens an ET_EXEC or ET_DYN x86-64 ELF with a symbol table. 0, or -1 with the reason in @p. */
int kernel_open(struct kernel *k, const char *path, struct problems *p);
void kernel_close(struct kernel *k);

/*
 * File contents at a link-time address: a pointer to @len bytes, or NULL if not all of them
 * are in the file part of one segment.
 */
const uint8_t *kernel_bytes(const struct kernel *k, uint64_t addr, size_t len);

/* True if the loader (or the kernel itself) relocates a byte of [addr, addr + len). */
bool kernel_relocates(const struct kernel *k, uint64_t addr, size_t len);

/**
 * kernel_find - the symbol that @spec names
 * @spec: "name", "name@file" (source file of a local symbol) or "name@N" (N-th of the
 *	candidates in order of address)
 * @global_wins: as for a linker, a global symbol hides local ones of the same name
 * @missing: set if there is no such symbol; nothing is added to @p then
 * Returns NULL if missing or ambiguous (the candidates are in @p then).
 */
const struct kernel_symbol *kernel_find(const struct kernel *k, const char *spec,
					bool global_wins, bool *missing, struct problems *p);

/* The first symbol with addr in [from, to), or NULL. */
const struct kernel_symbol *kernel_symbol_within(const struct kernel *k, uint64_t from,
						 uint64_t to);

/* The symbol that @addr lies in or behind, functions and objects first; or NULL. *offset in it. */
const struct kernel_symbol *kernel_symbol_at(const struct kernel *k, uint64_t addr,
					     uint64_t *offset);

/* Length of a function: its symbol's size, or up to the next symbol if it has none. */
uint64_t kernel_function_size(const struct kernel *k, const struct kernel_symbol *s);

#endif
