/* SPDX-License-Identifier: GPL-2.0-only */
/* Segment registers out of a descriptor table: SDM 3A figures 3-8 "Segment Descriptor" and 7-4
 * "Format of TSS and LDT Descriptors in 64-bit Mode", by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "boot/segment.h"

enum {
	DATA32 = 0x08, CODE64 = 0x10, DATA_IDLE = 0x18, ALL_ONES = 0x20, BYTES = 0x28,
	ABSENT = 0x30, ODD_BASE = 0x38, TSS_IDLE = 0x40, TSS_BUSY = 0x50, LDT = 0x60,
};

/* One row for each 8 bytes. */
static const uint64_t gdt[] = {
	[0] = 0xdeadbeefdeadbeef,		/* never looked at */
	[DATA32 / 8] = 0x00cf93000000ffff,
	[CODE64 / 8] = 0x00af9b000000ffff,
	[DATA_IDLE / 8] = 0x00cf92000000ffff,	/* accessed bit clear */
	[ALL_ONES / 8] = 0xffffffffffffffff,
	[BYTES / 8] = 0x004593000000abcd,	/* limit in bytes, bits 19:16 too */
	[ABSENT / 8] = 0,
	[ODD_BASE / 8] = 0x89cf93abcdef1234,
	[TSS_IDLE / 8] = 0x1200893456780067, 0xffffffff00000001,
	[TSS_BUSY / 8] = 0x120f8b345678ffff, 0x00000000ffff8000,
	[LDT / 8] = 0x0000820010000fff, 0,
};
#define LIMIT ((uint16_t)(sizeof(gdt) - 1))

/* The table at the end of a heap block of its own size, where a read beyond it is found. */
static void parse(uint16_t limit, const uint16_t selectors[SEGMENTS], struct segment out[SEGMENTS])
{
	uint8_t *copy = malloc(limit + 1u);

	assert_non_null(copy);
	memcpy(copy, gdt, limit + 1u < sizeof(gdt) ? limit + 1u : sizeof(gdt));
	segments_parse(copy, limit, selectors, out);
	free(copy);
}

static struct segment parse_one(uint16_t limit, enum segment_register which, uint16_t selector)
{
	uint16_t selectors[SEGMENTS] = { 0 };
	struct segment out[SEGMENTS];

	selectors[which] = selector;
	parse(limit, selectors, out);
	return out[which];
}

static void check(struct segment s, uint64_t base, uint32_t limit, uint32_t access,
		  uint16_t selector)
{
	assert_int_equal(s.base, base);
	assert_int_equal(s.limit, limit);
	assert_int_equal(s.access, access);
	assert_int_equal(s.selector, selector);
}

static void test_descriptors(void **state)
{
	static const struct {
		enum segment_register which;
		uint16_t selector;
		uint64_t base;
		uint32_t limit, access;
	} rows[] = {
		{ SEGMENT_DS, DATA32, 0, 0xffffffff, 0xc093 },
		{ SEGMENT_CS, CODE64, 0, 0xffffffff, 0xa09b },
		{ SEGMENT_ES, DATA_IDLE, 0, 0xffffffff, 0xc093 },
		{ SEGMENT_SS, DATA32 | 3, 0, 0xffffffff, 0xc093 },	/* the RPL is not an index */
		{ SEGMENT_FS, ALL_ONES, 0xffffffff, 0xffffffff, 0xf0ff },
		{ SEGMENT_GS, BYTES, 0, 0x5abcd, 0x4093 },
		{ SEGMENT_DS, ODD_BASE, 0x89abcdef, 0xf1234fff, 0xc093 },
		{ SEGMENT_DS, ABSENT, 0, 0, 0x0001 },
		{ SEGMENT_TR, TSS_IDLE, 0x112345678, 0x67, 0x8b },
		{ SEGMENT_TR, TSS_BUSY, 0xffff800012345678, 0xfffff, 0x8b },
		{ SEGMENT_LDTR, LDT, 0x1000, 0xfff, 0x82 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(parse_one(LIMIT, rows[i].which, rows[i].selector), rows[i].base,
		      rows[i].limit, rows[i].access, rows[i].selector);
}

static void test_unusable(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < SEGMENT_TR; i++) {
		/* null, whatever the RPL; of an LDT; outside of the table */
		for (uint16_t rpl = 0; rpl < 4; rpl++)
			check(parse_one(LIMIT, i, rpl), 0, 0, SEGMENT_UNUSABLE, rpl);
		check(parse_one(LIMIT, i, DATA32 | 4), 0, 0, SEGMENT_UNUSABLE, DATA32 | 4);
		check(parse_one(LIMIT, i, LIMIT + 1), 0, 0, SEGMENT_UNUSABLE, LIMIT + 1);
		check(parse_one(LIMIT, i, 0xfff8), 0, 0, SEGMENT_UNUSABLE, 0xfff8);
	}
}

/* The last byte of a descriptor is inside of the limit, or the segment is not usable. */
static void test_limit(void **state)
{
	(void)state;
	check(parse_one(DATA32 + 7, SEGMENT_DS, DATA32), 0, 0xffffffff, 0xc093, DATA32);
	check(parse_one(DATA32 + 6, SEGMENT_DS, DATA32), 0, 0, SEGMENT_UNUSABLE, DATA32);
	check(parse_one(LDT + 15, SEGMENT_LDTR, LDT), 0x1000, 0xfff, 0x82, LDT);
	check(parse_one(LDT + 14, SEGMENT_LDTR, LDT), 0, 0, SEGMENT_UNUSABLE, LDT);
	check(parse_one(0, SEGMENT_CS, CODE64), 0, 0, SEGMENT_UNUSABLE, CODE64);
}

/* A guest cannot run without a busy TSS. */
static void test_task_register(void **state)
{
	(void)state;
	check(parse_one(LIMIT, SEGMENT_TR, 0), 0, 0xffff, 0x8b, 0);
	check(parse_one(LIMIT, SEGMENT_TR, 3), 0, 0xffff, 0x8b, 0);
	check(parse_one(LIMIT, SEGMENT_TR, TSS_IDLE | 4), 0, 0xffff, 0x8b, 0);
	check(parse_one(TSS_IDLE + 14, SEGMENT_TR, TSS_IDLE), 0, 0xffff, 0x8b, 0);
}

/* Each register gets its own selector. */
static void test_all(void **state)
{
	static const uint16_t selectors[SEGMENTS] = {
		[SEGMENT_ES] = DATA32, [SEGMENT_CS] = CODE64, [SEGMENT_SS] = DATA_IDLE,
		[SEGMENT_DS] = BYTES, [SEGMENT_FS] = ODD_BASE, [SEGMENT_GS] = 0,
		[SEGMENT_LDTR] = LDT, [SEGMENT_TR] = TSS_BUSY,
	};
	struct segment out[SEGMENTS];

	(void)state;
	parse(LIMIT, selectors, out);
	for (unsigned int i = 0; i < SEGMENTS; i++) {
		struct segment one = parse_one(LIMIT, i, selectors[i]);

		check(out[i], one.base, one.limit, one.access, selectors[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_unusable),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_task_register),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
