/* SPDX-License-Identifier: GPL-2.0-only */
/* The firmware's segment registers, out of its descriptor table. */
#include <stdbool.h>
#include <stddef.h>
#include "boot/segment.h"

#define SELECTOR_LDT		(1u << 2)	/* the descriptor is in the LDT */
#define SELECTOR_INDEX		0xfff8u

#define ACCESS_ACCESSED		(1u << 0)	/* of code and data */
#define ACCESS_BUSY		(1u << 1)	/* of a TSS */
#define ACCESS_4K		(1u << 15)	/* the limit counts pages */
#define ACCESS_BUSY_TSS		0x8bu		/* present, 64-bit */

static uint64_t read_word(const void *at)
{
	uint64_t word;

	__builtin_memcpy(&word, at, sizeof(word));
	return word;
}

/* @high: the second half of a system segment's descriptor, 0 for code and data. */
static struct segment unpack(uint64_t low, uint64_t high)
{
	struct segment s = {
		.base = (low >> 16 & 0xffffff) | (low >> 56) << 24 | high << 32,
		.limit = (uint32_t)((low & 0xffff) | (low >> 32 & 0xf0000)),
		.access = (uint32_t)(low >> 40) & 0xf0ff,
	};

	if (s.access & ACCESS_4K)
		s.limit = s.limit << 12 | 0xfff;
	return s;
}

/* @system: LDTR or TR, whose descriptors have 16 bytes. */
static struct segment load(const void *gdt, uint16_t limit, uint16_t selector, bool system)
{
	struct segment s = { .access = SEGMENT_UNUSABLE };
	uint32_t at = selector & SELECTOR_INDEX, size = system ? 16 : 8;
	const char *descriptor = (const char *)gdt + at;

	if (at && !(selector & SELECTOR_LDT) && at + size - 1 <= limit) {
		s = unpack(read_word(descriptor), system ? read_word(descriptor + 8) : 0);
		/* Loading sets it, whether the table in memory shows it or not. */
		if (!system)
			s.access |= ACCESS_ACCESSED;
	}
	s.selector = selector;
	return s;
}

void segments_parse(const void *gdt, uint16_t limit, const uint16_t selector[SEGMENTS],
		    struct segment out[SEGMENTS])
{
	struct segment *tr = &out[SEGMENT_TR];

	for (unsigned int i = 0; i < SEGMENTS; i++)
		out[i] = load(gdt, limit, selector[i], i == SEGMENT_LDTR || i == SEGMENT_TR);
	if (tr->access & SEGMENT_UNUSABLE)
		*tr = (struct segment){ .limit = 0xffff, .access = ACCESS_BUSY_TSS };
	tr->access |= ACCESS_BUSY;
}
