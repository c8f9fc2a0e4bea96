/* SPDX-License-Identifier: GPL-2.0-only */
/* The symbol table that Linux carries in its own read-only data (CONFIG_KALLSYMS). */
#ifndef CLI_KERNEL_KALLSYMS_H
#define CLI_KERNEL_KALLSYMS_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/kernel/elf.h"

/* Longest name taken; Linux's own limit is 511 since 6.1, 127 before. */
#define KALLSYMS_NAME_MAX 1023
/* Most symbols taken; a distribution kernel has 200,000. */
#define KALLSYMS_MAX (4u << 20)

struct kallsym {
	uint64_t addr;		/* link-time address */
	const char *name;	/* in kallsyms.names */
	char type;		/* as in /proc/kallsyms: nm(1)'s letter, small if local */
	bool absolute;		/* not moved with the kernel: an offset in per-CPU data, a constant */
};

struct kallsyms {
	struct kallsym *symbols;	/* in the table's order: by address */
	size_t n;
	struct bytes names;		/* all of them, or a text that they are in */
};

/**
 * kallsyms_read - finds the tables by their structure and reads them
 * @image: needs no symbols and no sections
 * Known: Linux 4.6 and later (scripts/kallsyms.c, write_src()): addresses, offsets from a base,
 * with and without per-CPU symbols as absolute ones, or from where they are themselves (7.0); the
 * tables in the order before and since 6.4.
 * What is found has been checked as a whole: markers, tokens, order of the addresses.
 * Returns 0, or -1 if there is nothing of that kind. To be closed in either case.
 */
int kallsyms_read(struct kallsyms *ks, const struct elf_image *image);
void kallsyms_close(struct kallsyms *ks);

#endif
