/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding and reading kallsyms: tables in every order and form that is known, and forged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/cli/kernel/kallsyms.h"

#define BASE 0xffffffff81000000ull
#define NSYMS 700
/* Index of the symbol that tells where the kernel begins. */
#define TEXT 10
#define IMAGE_MAX (64u << 10)

/* How a kernel version stores its tables. */
struct form {
	bool new_order;		/* addresses behind the token index (6.4) */
	unsigned int seqs;	/* bytes each of an order by name between markers and tokens (6.2) */
	unsigned int marker;	/* bytes of a marker */
	enum { SIGNED, UNSIGNED, ABSOLUTE, RELATIVE } addresses;
	unsigned int unit;	/* parts begin at multiples of this */
};

static const struct form forms[] = {
	{ false, 3, 4, SIGNED, 8 },	/* Debian's 6.1 */
	{ false, 4, 4, SIGNED, 8 },	/* 6.2 */
	{ false, 0, 4, SIGNED, 8 },	/* 5.0 ... 6.1 */
	{ false, 0, 8, SIGNED, 8 },	/* 4.6 ... 4.20 */
	{ false, 0, 4, UNSIGNED, 8 },
	{ false, 0, 4, ABSOLUTE, 8 },
	{ true, 0, 4, SIGNED, 8 },	/* 6.4 and later */
	{ true, 0, 4, UNSIGNED, 8 },
	{ true, 0, 4, ABSOLUTE, 8 },
	{ true, 0, 4, RELATIVE, 4 },	/* 7.0 and later */
};

#define NFORMS (sizeof(forms) / sizeof(forms[0]))

static uint64_t address(size_t i, const struct form *f)
{
	/* The first ten are per-CPU: the forms that cannot say so put them into the kernel. */
	if (i < 10)
		return f->addresses == UNSIGNED || f->addresses == RELATIVE ? BASE : i * 8;
	if (i == TEXT)
		return BASE;
	/* Every seventh has the address of the one before it. */
	return BASE + 0x100 + (i - (i % 7 == 0)) * 24;
}

static char type(size_t i)
{
	return i < 10 ? 'A' : "TtDdbBrRWV"[i % 10];
}

/* Some long enough for two bytes of length. */
static void name(size_t i, char *out)
{
	if (i == TEXT) {
		strcpy(out, "_text");
	} else if (i % 50 == 3) {
		memset(out, 'a' + (int)(i % 26), 200);
		sprintf(out + 200, "_%zu", i);
	} else {
		sprintf(out, "sym_%zu_of_the_kernel", i);
	}
}

struct image {
	uint8_t *data;
	size_t len, names, token_table, token_index;
	unsigned int unit;
};

static void put(struct image *m, const void *p, size_t n)
{
	assert_true(m->len + n <= IMAGE_MAX);
	memcpy(m->data + m->len, p, n);
	m->len += n;
}

static void align(struct image *m)
{
	while (m->len % m->unit)
		put(m, "", 1);
}

static int32_t offset(uint64_t a, bool percpu, const struct form *f, uint64_t here)
{
	switch (f->addresses) {
	case UNSIGNED:
		return (int32_t)(a - BASE);
	case RELATIVE:
		return (int32_t)(a - BASE - here);
	default:
		return percpu ? (int32_t)a : (int32_t)(BASE - 1 - a);
	}
}

static void put_addresses(struct image *m, const struct form *f)
{
	align(m);
	for (size_t i = 0; i < NSYMS; i++) {
		uint64_t a = address(i, f);
		int32_t v = offset(a, i < 10, f, m->len);

		put(m, f->addresses == ABSOLUTE ? (void *)&a : (void *)&v,
		    f->addresses == ABSOLUTE ? 8 : 4);
	}
	align(m);
	if (f->addresses == SIGNED || f->addresses == UNSIGNED)
		put(m, &(uint64_t){ BASE }, 8);
}

/* Token 1 stands for "kernel", 2 for "sym_", 3 for nothing; all others for themselves. */
static void put_tokens(struct image *m)
{
	uint16_t index[256];

	align(m);
	m->token_table = m->len;
	for (unsigned int i = 0; i < 256; i++) {
		char own[2] = { (char)i, '\0' };
		const char *token = i == 0 ? "zero" : i == 1 ? "kernel" : i == 2 ? "sym_" :
			i == 3 ? "" : own;

		index[i] = (uint16_t)(m->len - m->token_table);
		put(m, token, strlen(token) + 1);
	}
	align(m);
	m->token_index = m->len;
	put(m, index, sizeof(index));
}

static void put_symbol(struct image *m, size_t i)
{
	char text[300], packed[300], *at;
	size_t n = 0;

	text[0] = type(i);
	name(i, text + 1);
	for (at = text; *at;) {
		bool kernel = !strncmp(at, "kernel", 6), sym = !strncmp(at, "sym_", 4);

		packed[n++] = kernel ? 1 : sym ? 2 : *at;
		at += kernel ? 6 : sym ? 4 : 1;
	}
	if (n > 0x7f)
		put(m, (uint8_t[]){ (uint8_t)(n | 0x80), (uint8_t)(n >> 7) }, 2);
	else
		put(m, (uint8_t[]){ (uint8_t)n }, 1);
	put(m, packed, n);
}

static void put_names(struct image *m, const struct form *f)
{
	uint64_t markers[(NSYMS + 255) / 256];

	align(m);
	put(m, &(uint64_t){ NSYMS }, m->unit);
	m->names = m->len;
	for (size_t i = 0; i < NSYMS; i++) {
		if (i % 256 == 0)
			markers[i / 256] = m->len - m->names;
		put_symbol(m, i);
	}
	align(m);
	for (size_t i = 0; i < (NSYMS + 255) / 256; i++)
		put(m, &markers[i], f->marker);
	if (!f->seqs)
		return;
	align(m);
	for (size_t i = 0; i < f->seqs * NSYMS; i++)
		put(m, &(uint8_t){ (uint8_t)(i * 7) }, 1);
}

/* With bytes around the tables that could be taken for parts of them. */
static struct image make(const struct form *f)
{
	struct image m = { .data = calloc(1, IMAGE_MAX), .unit = f->unit };

	for (uint64_t i = 0; i < 40; i++)
		put(&m, &(uint64_t){ i % 5 }, 8);
	for (uint16_t i = 0; i < 298; i++)
		put(&m, &i, 2);
	if (!f->new_order)
		put_addresses(&m, f);
	put_names(&m, f);
	put_tokens(&m);
	if (f->new_order)
		put_addresses(&m, f);
	/* So that those that count in 4 bytes are not at multiples of 8 by chance. */
	put(&m, "some text", 9);
	return m;
}

static int read_image(struct kallsyms *ks, const uint8_t *data, size_t len)
{
	struct elf_segment s = {
		.type = PT_LOAD, .addr = BASE, .memsz = 1 << 20, .filesz = len, .data = data,
	};
	struct elf_image image = { .data = data, .len = len, .segments = &s, .nsegments = 1 };

	return kallsyms_read(ks, &image);
}

static void each_form_is_read(void **state)
{
	struct kallsyms ks;
	char want[300];

	(void)state;
	for (size_t i = 0; i < NFORMS; i++) {
		struct image m = make(&forms[i]);

		assert_int_equal(read_image(&ks, m.data, m.len), 0);
		assert_int_equal(ks.n, NSYMS);
		for (size_t j = 0; j < NSYMS; j++) {
			name(j, want);
			assert_string_equal(ks.symbols[j].name, want);
			assert_int_equal(ks.symbols[j].type, type(j));
			assert_int_equal(ks.symbols[j].addr, address(j, &forms[i]));
			assert_int_equal(ks.symbols[j].absolute,
					 j < 10 && (forms[i].addresses == SIGNED ||
						    forms[i].addresses == ABSOLUTE));
		}
		kallsyms_close(&ks);
		free(m.data);
	}
}

/* Nothing of a table that is not whole. */
static void a_part_is_not_taken(void **state)
{
	struct kallsyms ks;

	(void)state;
	for (size_t i = 0; i < NFORMS; i++) {
		struct image m = make(&forms[i]);
		size_t need = forms[i].new_order ? m.len - 9 : m.token_index + 512;

		for (size_t len = 0; len < need; len += len < need - 600 ? 97 : 1) {
			uint8_t *copy = malloc(len ? len : 1);

			memcpy(copy, m.data, len);
			assert_int_equal(read_image(&ks, copy, len), -1);
			free(copy);
			kallsyms_close(&ks);
		}
		free(m.data);
	}
}

/*
 * A byte of the tables changed: either it shows, or (in a name, an address, the order by name,
 * which nobody needs here) the same number of symbols comes out. Never anything worse.
 */
static void damage_is_survived(void **state)
{
	struct kallsyms ks;
	size_t taken = 0, refused = 0;

	(void)state;
	for (size_t i = 0; i < NFORMS; i += 3) {
		struct image m = make(&forms[i]);

		for (size_t at = 0; at < m.len; at += 3) {
			m.data[at] ^= 0x84;
			if (!read_image(&ks, m.data, m.len)) {
				assert_int_equal(ks.n, NSYMS);
				taken++;
			} else {
				refused++;
			}
			kallsyms_close(&ks);
			m.data[at] ^= 0x84;
		}
		free(m.data);
	}
	assert_true(taken && refused);
}

/* Markers and tokens are what tells the tables from chance. */
static void wrong_parts_are_refused(void **state)
{
	struct kallsyms ks;
	struct image m = make(&forms[0]);

	(void)state;
	m.data[m.token_index + 2] ^= 1;
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	m.data[m.token_index + 2] ^= 1;
	m.data[m.token_table] = 0;
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	m.data[m.token_table] = 'z';
	m.data[m.names - 8] ^= 1;
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	m.data[m.names - 8] ^= 1;
	m.data[m.names] ^= 1;
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	m.data[m.names] ^= 1;
	assert_int_equal(read_image(&ks, m.data, m.len), 0);
	kallsyms_close(&ks);
	free(m.data);

	/* The second of three markers; they end, filled up to 16 bytes, where the tokens begin. */
	m = make(&forms[2]);
	m.data[m.token_table - 12] ^= 1;
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	free(m.data);
}

/* An address out of order or outside of the kernel: then it is not a table of addresses. */
static void wrong_addresses_are_refused(void **state)
{
	const struct form *f = &forms[5];
	struct image m = make(f);
	struct kallsyms ks;
	size_t first = m.names - 8 - 8 * NSYMS;
	uint64_t keep;

	(void)state;
	memcpy(&keep, m.data + first + 8 * 100, 8);
	memcpy(m.data + first + 8 * 100, &(uint64_t){ BASE }, 8);
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	memcpy(m.data + first + 8 * 100, &keep, 8);
	memcpy(m.data + first + 8 * (NSYMS - 1), &(uint64_t){ BASE + (2 << 20) }, 8);
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	free(m.data);

	/* The base: all addresses would be off. */
	m = make(&forms[4]);
	m.data[m.names - 16] ^= 8;
	assert_int_equal(read_image(&ks, m.data, m.len), -1);
	free(m.data);
}

/* All of it could be the start of tables: the work is bounded. */
static void a_hostile_image_costs_little(void **state)
{
	size_t len = 4 << 20;
	uint8_t *data = malloc(len);
	struct kallsyms ks;
	struct image m = make(&forms[0]);

	(void)state;
	/* Numbers of symbols everywhere, each followed by names that go on and on. */
	for (size_t at = 0; at < len; at += 8)
		memcpy(data + at, &(uint64_t){ 0x10000 }, 8);
	memset(data + len / 2, 1, len / 2);
	memcpy(data + len - 2048, m.data + m.token_table, m.token_index + 512 - m.token_table);
	assert_int_equal(read_image(&ks, data, len), -1);
	free(m.data);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_read),
		cmocka_unit_test(a_part_is_not_taken),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(wrong_parts_are_refused),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(a_hostile_image_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
