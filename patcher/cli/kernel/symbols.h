/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel's symbols, and finding them by name and by address. */
#ifndef CLI_KERNEL_SYMBOLS_H
#define CLI_KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/cli/base/problems.h"

struct kernel;

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

/* Sorts k->symbols and fills k->by_name, once all symbols are in k->symbols. */
void kernel_sort_symbols(struct kernel *k);

/* Whether a section of that name is freed when the kernel has started. */
bool kernel_section_freed(const char *name);

#endif
