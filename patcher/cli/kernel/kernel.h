/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel as the host tool knows it: its image, symbols, relocations and identity. Addresses
 * are link-time addresses.
 */
#ifndef CLI_ELF_KERNEL_H
#define CLI_ELF_KERNEL_H

#include "patcher/cli/cli.h"
#include "patcher/cli/kernel/elf.h"
#include "patcher/cli/kernel/image.h"
#include "patcher/wire/patch.h"

struct kernel_symbol {
	uint64_t addr, size;	/* without a symbol table: up to what follows, with padding */
	const char *name;
	const char *file;	/* source file of a local symbol, or "" (kallsyms has none) */
	const char *section;	/* name of its section, or "" */
	uint32_t order;		/* kallsyms: the kernel's own order among equal addresses */
	char type;		/* nm(1)'s letter, as in /proc/kallsyms */
	bool local, function, object;
	bool executable;	/* lies in an executable section */
	bool absolute;		/* its value does not move with the kernel */
	bool freed;		/* lies in memory that the kernel frees when it has started */
};

/* Where the symbols come from. */
enum kernel_source { KERNEL_SYMTAB, KERNEL_KALLSYMS, KERNEL_SYSTEM_MAP };

/* A field that whoever loads the kernel adds the slide to (or, per-CPU, subtracts it from). */
struct kernel_reloc {
	uint64_t addr;
	uint8_t width;		/* 4 or 8 bytes */
};

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
 * kernel_open - reads a kernel, told apart by its content
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

/* True if the loader (or the kernel itself) relocates a byte of [addr, addr + len). */
bool kernel_relocates(const struct kernel *k, uint64_t addr, size_t len);

/**
 * kernel_find - the symbol that @spec names
 * @spec: "name", "name@file" (source file of a local symbol) or "name@N" (N-th of the
 *	candidates in order of address, which is livepatch's sympos)
 * @global_wins: as for a linker, a global symbol hides local ones of the same name
 * @missing: set if there is no such symbol; nothing is added to @p then
 * Returns NULL if missing or ambiguous (the candidates are in @p then).
 */
const struct kernel_symbol *kernel_find(const struct kernel *k, const char *spec,
					bool global_wins, bool *missing, struct problems *p);

/* Address of the symbol that a linker would take for @name. False if there is none such. */
bool kernel_symbol_addr(const struct kernel *k, const char *name, uint64_t *addr);

/* The first position in by_name whose name is not less than @name; nsymbols if there is none. */
size_t kernel_first_named(const struct kernel *k, const char *name);

/* The first symbol with addr in [from, to), or NULL. */
const struct kernel_symbol *kernel_symbol_within(const struct kernel *k, uint64_t from,
						 uint64_t to);

/* The symbol that @addr lies in or behind, functions and objects first; or NULL. *offset in it. */
const struct kernel_symbol *kernel_symbol_at(const struct kernel *k, uint64_t addr,
					     uint64_t *offset);

/* Length of a function: its symbol's size, or up to the next symbol if it has none. */
uint64_t kernel_function_size(const struct kernel *k, const struct kernel_symbol *s);

/* ---- parts of kernel_open() ---- */

/* All that follows once k->file is there. Otherwise as kernel_open_with(). */
int kernel_read(struct kernel *k, const struct kernel_options *o, struct problems *p);
/* Adds "PATH: WHY" to @p. Always -1. */
int not_a_kernel(const struct kernel *k, struct problems *p, const char *why);
/* elf_symbols.c: from the ELF symbol table. *none is set if the image has none. */
int kernel_load_symtab(struct kernel *k, bool *none, struct problems *p);
/* listed_symbols.c: from kallsyms, or from a System.map. */
int kernel_load_kallsyms(struct kernel *k, struct problems *p);
int kernel_load_system_map(struct kernel *k, const char *path, struct problems *p);
/* kernel_relocs.c */
int kernel_load_relocs(struct kernel *k, struct problems *p);
/* kernel_symbols.c: sorts symbols and makes by_name. */
void kernel_sort_symbols(struct kernel *k);
/* Whether a section of that name is freed when the kernel has started. */
bool kernel_section_freed(const char *name);

#endif
