/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies where in the running guest: lines of its /proc/kallsyms, those of loaded modules
 * included, and of /sys/module/NAME/sections.
 */
#ifndef CLI_KERNEL_GUEST_SYMBOLS_H
#define CLI_KERNEL_GUEST_SYMBOLS_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/kernel.h"

struct guest_symbol {
	uint64_t addr;
	const char *name;
	const char *module;	/* "" for the kernel itself */
	char type;		/* as in nm(1), or GUEST_SECTION */
};

#define GUEST_SECTION '.'	/* a section of a module */

struct guest_symbols {
	const char *path;
	struct bytes text;		/* the file, cut into strings */
	struct guest_symbol *symbols;	/* sorted by name, then by address */
	size_t n;
};

/**
 * guest_symbols_open - reads lines "ADDRESS TYPE NAME [MODULE]" and, as `grep -H . FILE...` gives
 * them, "/sys/module/MODULE/sections/SECTION:0xADDRESS"
 * Refused: other lines, a file without any, and one whose addresses are all zero, which is
 * what the guest shows to those who may not know (kptr_restrict). Returns 0, or -1 with the
 * reason in @p (CLI_INPUT). guest_symbols_close() in both cases.
 */
int guest_symbols_open(struct guest_symbols *g, const char *path, struct problems *p);
void guest_symbols_close(struct guest_symbols *g);

/**
 * guest_symbols_find - the symbol that @spec names
 * @spec: "name", or "module:name" (module "vmlinux" is the kernel itself)
 * Returns NULL with the reason, and the candidates if there are several, in @p.
 */
const struct guest_symbol *guest_symbols_find(const struct guest_symbols *g, const char *spec,
					      struct problems *p);

/* The first symbol of @module called @name, or NULL; and the next one behind @s. */
const struct guest_symbol *guest_symbols_of(const struct guest_symbols *g, const char *module,
					    const char *name);
const struct guest_symbol *guest_symbols_next(const struct guest_symbols *g,
					      const struct guest_symbol *s);

/**
 * guest_symbols_slide - how far KASLR moved the guest's kernel
 * @k: the kernel that the user says the guest runs
 * @known: false if the file has no function of it
 * All functions must have moved alike: otherwise it is another kernel. Returns 0, or -1 with
 * the reason in @p.
 */
int guest_symbols_slide(const struct guest_symbols *g, const struct kernel *k, bool *known,
			uint64_t *slide, struct problems *p);

#endif
