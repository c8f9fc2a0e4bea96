/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in a kernel image the parts of its symbol table are. */
#ifndef CLI_KERNEL_KALLSYMS_FIND_H
#define CLI_KERNEL_KALLSYMS_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All offsets are into @data, the bytes of one segment. */
struct kallsyms_place {
	/* Where to look */
	const uint8_t *data;
	size_t len;
	uint64_t addr;		/* of @data; a multiple of 8 */
	size_t unit;		/* parts begin at multiples of 8, or 4 */
	/* What was found */
	size_t token_table, token_index;	/* strings; 256 u16 offsets of them */
	size_t names;		/* for each symbol: a length, then so many token numbers */
	size_t names_end;
	uint32_t n;		/* number of symbols */
	size_t num_syms;	/* where that number is */
};

/* Limit of the search: a hostile image could make it quadratic. */
struct kallsyms_budget {
	uint64_t steps;
};

/**
 * kallsyms_find - the next complete set of tables
 * @pl: its first part is where to look; the second is filled
 * @from: position to look for the token index from, 0 at first; moved on for the next call
 * Returns false if there is none any more.
 */
bool kallsyms_find(struct kallsyms_place *pl, size_t *from, struct kallsyms_budget *budget);

/* Where the part behind @v begins. */
size_t kallsyms_align(const struct kallsyms_place *pl, size_t v);

/* Token number @i: a string within the image. */
const char *kallsyms_token(const struct kallsyms_place *pl, uint8_t i);

/* Length and start of the symbol at *@at of names; moves *@at behind it. False at the end. */
bool kallsyms_next(const struct kallsyms_place *pl, size_t *at, size_t end, const uint8_t **tokens,
		   size_t *n);

/* Little-endian numbers in the image. */
uint16_t kallsyms_u16(const uint8_t *p);
uint32_t kallsyms_u32(const uint8_t *p);
uint64_t kallsyms_u64(const uint8_t *p);

#endif
