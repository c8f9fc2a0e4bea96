/* SPDX-License-Identifier: GPL-2.0-only */
/* The patch parser: a good file is taken, each broken field is called by its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/wire/patch.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* A small file with every part in it. */
struct sample {
	struct patch_header h;
	uint8_t text[32];
	uint8_t data[16];
	struct patch_site sites[3];
	struct patch_fixup fixups[3];
	char strings[24];
	char meta[8];
	struct {
		uint32_t at[3];
		struct patch_insn first[4], third[2];
	} bodies;
	uint8_t signature[8];
};

#define SPAN(part) { offsetof(struct sample, part), sizeof(((struct sample *)0)->part) }

static const struct sample good = {
	.h = {
		.magic = PATCH_MAGIC,
		.version = PATCH_VERSION,
		.header_size = sizeof(struct patch_header),
		.file_size = sizeof(struct sample),
		.name = "sample",
		.anchor = 0xffffffff81000000,
		.build_id_addr = 0xffffffff82000000,
		.build_id_len = 20,
		.data_mem = 64,
		.build_id = { 1, 2, 3, [19] = 20 },
		.text = SPAN(text),
		.data = SPAN(data),
		.sites = SPAN(sites),
		.fixups = SPAN(fixups),
		.strings = SPAN(strings),
		.meta = SPAN(meta),
		.signature = SPAN(signature),
		.bodies = SPAN(bodies),
	},
	.text = { 0xc3 },
	.sites = {
		{ .addr = 0xffffffff81000100, .target = 31, .expect = { 0x0f, 0x1f, 0x44, 0, 0 },
		  .name = 1, .target_kind = PATCH_TARGET_TEXT, .place = PATCH_PLACE_KERNEL,
		  .len = 5, .insn_len = 5, .flags = PATCH_SITE_FENTRY },
		{ .addr = 0xffffffff81000200, .target = 0xffffffff81000300, .name = 7,
		  .target_kind = PATCH_TARGET_KERNEL, .place = PATCH_PLACE_KERNEL, .len = 5,
		  .insn_len = 1 },
		{ .addr = 0xffffffffc0000000, .target = 0xffffffffc0001000, .name = 7,
		  .target_kind = PATCH_TARGET_ABSOLUTE, .place = PATCH_PLACE_ABSOLUTE, .len = 5,
		  .insn_len = 15 },
	},
	.fixups = {
		{ .value = (int64_t)0xffffffff81234567, .offset = 28, .type = PATCH_FIXUP_PC32,
		  .base = PATCH_BASE_KERNEL },
		{ .value = -4, .offset = 8, .type = PATCH_FIXUP_ABS64, .base = PATCH_BASE_TEXT,
		  .in_data = 1 },
		{ .value = 60, .offset = 24, .type = PATCH_FIXUP_PC64, .base = PATCH_BASE_DATA },
	},
	.strings = "\0first\0second_function",
	.meta = "a\nb",
	/* The file has no body of the second function. */
	.bodies = {
		.at = { 12, 0, 20 },
		.first = { { 5, 0x0f }, { 15, PATCH_INSN_ANY }, { 1, 0xc3 } },
		.third = { { 15, 0x66 } },
	},
};

static void seal(struct sample *s)
{
	s->h.crc = patch_crc(s, sizeof(*s));
}

static void a_good_file_is_taken(void **state)
{
	struct patch_error err;
	struct sample s = good;
	struct patch p;

	(void)state;
	seal(&s);
	assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), 0);
	assert_ptr_equal(p.header, &s.h);
	assert_ptr_equal(p.text, s.text);
	assert_ptr_equal(p.data, s.data);
	assert_ptr_equal(p.sites, s.sites);
	assert_ptr_equal(p.fixups, s.fixups);
	assert_ptr_equal(p.strings, s.strings);
	assert_ptr_equal(p.meta, s.meta);
	assert_int_equal(p.nsites, 3);
	assert_int_equal(p.nfixups, 3);
	assert_string_equal(patch_site_name(&p, 0), "first");
	assert_string_equal(patch_site_name(&p, 2), "second_function");
	assert_ptr_equal(patch_body(&p, 0), s.bodies.first);
	assert_null(patch_body(&p, 1));
	assert_ptr_equal(patch_body(&p, 2), s.bodies.third);
}

/* Only sites and their names must be there. */
static void parts_may_be_absent(void **state)
{
	const struct patch_span none = { 0, 0 };
	struct patch_error err;
	struct sample s = good;
	struct patch p;

	(void)state;
	s.h.text = s.h.data = s.h.fixups = s.h.meta = s.h.bodies = s.h.signature = none;
	s.h.data_mem = 0;
	s.sites[0].target_kind = PATCH_TARGET_KERNEL;
	s.sites[0].target = 0xffffffff81000400;
	seal(&s);
	assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), 0);
	assert_null(p.text);
	assert_null(p.data);
	assert_null(p.fixups);
	assert_null(p.meta);
	assert_int_equal(p.nfixups, 0);
	assert_null(patch_body(&p, 0));
}

/* One field broken: @width bytes at @at become @value. */
struct mutation {
	size_t at;
	unsigned int width;
	uint64_t value;
	const char *field;
	uint32_t index;
};

#define H(f)		offsetof(struct sample, h.f), sizeof(good.h.f)
#define B(f, i)		offsetof(struct sample, h.f) + (i), 1
#define S(i, f)		offsetof(struct sample, sites) + (i) * sizeof(struct patch_site) + \
			offsetof(struct patch_site, f), sizeof(good.sites[0].f)
#define F(i, f)		offsetof(struct sample, fixups) + (i) * sizeof(struct patch_fixup) + \
			offsetof(struct patch_fixup, f), sizeof(good.fixups[0].f)
#define OFF(part)	offsetof(struct sample, part)
#define BODY(f)		offsetof(struct sample, bodies.f)

static const struct mutation mutations[] = {
	{ B(magic, 0), 's', "magic", 0 },
	{ B(magic, 7), ' ', "magic", 0 },
	{ H(version), 0, "version", 0 },
	{ H(version), 2, "version", 0 },
	{ H(header_size), sizeof(struct patch_header) - 8, "header_size", 0 },
	{ H(header_size), sizeof(struct patch_header) + 8, "header_size", 0 },
	{ H(file_size), sizeof(struct sample) - 1, "file_size", 0 },
	{ H(file_size), sizeof(struct sample) + 1, "file_size", 0 },
	{ H(file_size), 0xffffffff, "file_size", 0 },
	{ H(flags), 1, "flags", 0 },
	{ H(flags), 0x80000000, "flags", 0 },
	{ B(name, 0), 0, "name", 0 },
	{ B(name, 0), ' ', "name", 0 },
	{ B(name, 0), 0x7f, "name", 0 },
	{ B(name, 0), 0xc3, "name", 0 },
	{ B(name, 63), 'x', "name", 0 },
	{ H(anchor), 0, "anchor", 0 },
	{ H(anchor), 0x7fffffffffff, "anchor", 0 },
	{ H(build_id_addr), 0x1000, "build_id_addr", 0 },
	{ H(build_id_len), 0, "build_id_len", 0 },
	{ H(build_id_len), 33, "build_id_len", 0 },
	{ H(build_id_len), 0xffffffff, "build_id_len", 0 },
	{ B(build_id, 20), 1, "build_id", 0 },
	{ B(build_id, 31), 1, "build_id", 0 },
	{ H(data_mem), 15, "data_mem", 0 },
	{ H(data_mem), PATCH_MAX_DATA + 1, "data_mem", 0 },
	{ B(reserved, 0), 1, "reserved", 0 },
	{ B(reserved, 7), 1, "reserved", 0 },

	{ H(text.offset), OFF(text) + 4, "text", 0 },
	{ H(text.offset), OFF(text) - 8, "text", 0 },
	{ H(text.offset), 0xfffffff8, "text", 0 },
	{ H(text.size), sizeof(good.text) + 1, "data", 0 },
	{ H(text.size), 0, "text", 0 },
	{ H(text.size), PATCH_MAX_TEXT + 1, "text", 0 },
	{ H(text.size), 0xffffffff, "text", 0 },
	{ H(data.offset), OFF(data) - 8, "data", 0 },
	{ H(data.offset), OFF(data) + 1, "data", 0 },
	{ H(data.size), 0xffffffff, "data", 0 },
	{ H(data.size), 17, "sites", 0 },
	{ H(sites.offset), OFF(data), "sites", 0 },
	{ H(sites.offset), OFF(sites) + 8, "fixups", 0 },
	{ H(sites.size), 0, "sites", 0 },
	{ H(sites.size), 33, "sites", 0 },
	{ H(sites.size), 4 * 32, "fixups", 0 },
	{ H(sites.size), (PATCH_MAX_SITES + 1) * 32, "sites", 0 },
	{ H(fixups.offset), OFF(sites), "fixups", 0 },
	{ H(fixups.size), 15, "fixups", 0 },
	{ H(fixups.size), (PATCH_MAX_FIXUPS + 1) * 16, "fixups", 0 },
	{ H(strings.offset), OFF(strings) - 8, "strings", 0 },
	{ H(strings.size), 0, "strings", 0 },
	{ H(strings.size), 1, "strings", 0 },
	{ H(strings.size), 25, "meta", 0 },
	{ H(strings.size), 0xffffffff, "strings", 0 },
	{ H(meta.offset), OFF(strings), "meta", 0 },
	{ H(meta.size), 0, "meta", 0 },
	{ H(meta.size), 0xffffffff, "meta", 0 },
	{ H(meta.size), 9, "bodies", 0 },
	{ H(bodies.offset), OFF(meta), "bodies", 0 },
	{ H(bodies.offset), OFF(bodies) + 4, "bodies", 0 },
	{ H(bodies.size), 0, "bodies", 0 },
	{ H(bodies.size), 3, "bodies", 0 },
	{ H(bodies.size), 12, "bodies", 0 },
	{ H(bodies.size), 22, "bodies", 2 },
	{ H(bodies.size), sizeof(good.bodies) + 2, "signature", 0 },
	{ H(bodies.size), 0xfffffffe, "bodies", 0 },
	{ BODY(at[0]), 4, 10, "bodies", 0 },
	{ BODY(at[0]), 4, 13, "bodies", 0 },
	{ BODY(at[0]), 4, 14, "bodies", 0 },
	{ BODY(at[0]), 4, 24, "bodies", 0 },
	{ BODY(at[0]), 4, 0xfffffffe, "bodies", 0 },
	{ BODY(at[2]), 4, 18, "bodies", 2 },
	{ BODY(at[2]), 4, 12, "bodies", 2 },
	{ BODY(first[0].len), 1, 4, "bodies", 0 },
	{ BODY(first[1].len), 1, 16, "bodies", 0 },
	{ BODY(first[3].len), 1, 1, "bodies", 2 },
	{ BODY(first[3].first), 1, 1, "bodies", 0 },
	{ BODY(third[1].len), 1, 1, "bodies", 2 },
	{ BODY(third[1].first), 1, 0xcc, "bodies", 2 },
	{ H(signature.offset), OFF(meta), "signature", 0 },
	{ H(signature.offset), OFF(signature) + 8, "signature", 0 },
	{ H(signature.size), 7, "signature", 0 },
	{ H(signature.size), 9, "signature", 0 },
	{ H(signature.size), PATCH_MAX_SIGNATURE + 1, "signature", 0 },

	{ OFF(strings), 1, 'x', "strings", 0 },
	{ OFF(strings) + 23, 1, 'x', "strings", 0 },
	{ OFF(strings) + 2, 1, '\n', "sites.name", 0 },
	{ OFF(strings) + 8, 1, ' ', "sites.name", 1 },

	{ S(0, addr), 0x1000, "sites.addr", 0 },
	{ S(2, addr), 0x7fffffffffff, "sites.addr", 2 },
	{ S(1, addr), UINT64_MAX - 3, "sites.addr", 1 },
	{ S(0, target), 32, "sites.target", 0 },
	{ S(0, target), UINT64_MAX, "sites.target", 0 },
	{ S(1, target), 0x1000, "sites.target", 1 },
	{ S(2, target), 0, "sites.target", 2 },
	{ OFF(sites) + offsetof(struct patch_site, expect) + 5, 1, 0x90, "sites.expect", 0 },
	{ OFF(sites) + 64 + offsetof(struct patch_site, expect) + 6, 1, 1, "sites.expect", 2 },
	{ OFF(sites) + offsetof(struct patch_site, expect) + 2, 1, 0x40, "sites.flags", 0 },
	{ S(0, flags), 2, "sites.flags", 0 },
	{ S(0, flags), 0x81, "sites.flags", 0 },
	{ S(1, flags), PATCH_SITE_FENTRY, "sites.flags", 1 },
	{ S(0, insn_len), 6, "sites.flags", 0 },
	{ S(0, name), 0, "sites.name", 0 },
	{ S(1, name), 6, "sites.name", 1 },
	{ S(2, name), 24, "sites.name", 2 },
	{ S(2, name), 0xffffffff, "sites.name", 2 },
	{ S(0, target_kind), 3, "sites.target_kind", 0 },
	{ S(0, place), 2, "sites.place", 0 },
	{ S(1, len), 4, "sites.len", 1 },
	{ S(1, len), 6, "sites.len", 1 },
	{ S(1, len), 255, "sites.len", 1 },
	{ S(2, insn_len), 0, "sites.insn_len", 2 },
	{ S(2, insn_len), 16, "sites.insn_len", 2 },

	{ F(0, offset), 29, "fixups.offset", 0 },
	{ F(0, offset), 0xffffffff, "fixups.offset", 0 },
	{ F(1, offset), 9, "fixups.offset", 1 },
	{ F(2, offset), 25, "fixups.offset", 2 },
	{ F(0, type), 5, "fixups.type", 0 },
	{ F(1, base), 4, "fixups.base", 1 },
	{ F(1, in_data), 2, "fixups.in_data", 1 },
	{ F(2, reserved), 1, "fixups.reserved", 2 },
	{ F(1, value), 0x80000000, "fixups.value", 1 },
	{ F(2, value), (uint64_t)INT64_MIN, "fixups.value", 2 },
	{ H(crc), 0, "crc", 0 },
};

static void each_broken_field_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mutations); i++) {
		const struct mutation *m = &mutations[i];
		struct patch_error err = { 0 };
		struct sample s = good;
		struct patch p;

		seal(&s);
		memcpy((uint8_t *)&s + m->at, &m->value, m->width);
		if (m->at != offsetof(struct patch_header, crc))
			seal(&s);
		assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), -1);
		if (strcmp(err.field, m->field) != 0 || err.index != m->index)
			fail_msg("mutation %zu: expected %s[%u], got %s[%u] (%s)", i, m->field,
				 m->index, err.field, err.index, err.what);
		assert_true(strlen(err.what) > 0);
	}
}

/* A fixup into a part that is not there. */
static void a_base_must_exist(void **state)
{
	const struct patch_span none = { 0, 0 };
	struct patch_error err;
	struct sample s = good;
	struct patch p;

	(void)state;
	s.h.data = none;
	s.h.data_mem = 0;
	s.fixups[1].in_data = 0;
	seal(&s);
	assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), -1);
	assert_string_equal(err.field, "fixups.base");
	assert_int_equal(err.index, 2);
	/* Data without an initialised part is data all the same, but has no fields. */
	s.h.data_mem = 8;
	seal(&s);
	assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), 0);
	s.fixups[1].in_data = 1;
	seal(&s);
	assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), -1);
	assert_string_equal(err.field, "fixups.offset");
}

static void every_bit_counts(void **state)
{
	struct patch_error err;
	struct sample s = good;
	struct patch p;

	(void)state;
	seal(&s);
	/* The three bytes behind the last name's NUL are data like any others. */
	for (size_t bit = 0; bit < 8 * sizeof(s); bit++) {
		((uint8_t *)&s)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), -1);
		((uint8_t *)&s)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(patch_parse(&s, sizeof(s), &p, &err), 0);
}

static void every_truncation_is_refused(void **state)
{
	struct patch_error err;
	struct sample s = good;
	struct patch p;

	(void)state;
	seal(&s);
	for (size_t len = 0; len < sizeof(s); len++) {
		void *copy = malloc(len ? len : 1);

		/* Of its own, so that a read behind the end is found out. */
		memcpy(copy, &s, len);
		assert_int_equal(patch_parse(copy, len, &p, &err), -1);
		assert_string_equal(err.field, "file_size");
		free(copy);
	}
}

static void a_file_over_the_limit_is_refused(void **state)
{
	size_t len = PATCH_MAX_FILE + 8;
	uint8_t *big = calloc(1, len);
	struct patch_error err;
	struct sample s = good;
	struct patch p;

	(void)state;
	s.h.file_size = (uint32_t)len;
	memcpy(big, &s, sizeof(s));
	assert_int_equal(patch_parse(big, len, &p, &err), -1);
	assert_string_equal(err.field, "file_size");
	free(big);
}

/* A function of 64 KiB is as long as one may be. */
static void a_body_has_a_limit(void **state)
{
	size_t insns = PATCH_MAX_BODY / 8, len = sizeof(struct sample) + 2 * insns + 8;
	struct sample *s = calloc(1, len);
	struct patch_insn *insn = (struct patch_insn *)((uint8_t *)s + OFF(bodies) + 12);
	struct patch_error err;
	struct patch p;

	(void)state;
	*s = good;
	s->h.file_size = (uint32_t)len;
	s->h.signature = (struct patch_span){ 0, 0 };
	s->h.bodies.size = (uint32_t)(len - OFF(bodies));
	s->bodies.at[2] = 0;
	for (size_t i = 0; i < insns; i++)
		insn[i] = (struct patch_insn){ i ? 8 : 5, 0x90 };
	insn[insns] = (struct patch_insn){ 3, 0x90 };
	insn[insns + 1] = (struct patch_insn){ 0, 0 };
	s->h.crc = patch_crc(s, len);
	if (patch_parse(s, len, &p, &err))
		fail_msg("%s: %s", err.field, err.what);
	insn[insns].len++;
	s->h.crc = patch_crc(s, len);
	assert_int_equal(patch_parse(s, len, &p, &err), -1);
	assert_string_equal(err.field, "bodies");
	free(s);
}

/* Wild values in every field, with a CRC that fits: the sanitizers watch. */
static void wild_fields_do_no_harm(void **state)
{
	uint64_t x = 88172645463325252u;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		struct patch_error err;
		struct sample *s = malloc(sizeof(*s));
		struct patch p;

		*s = good;
		for (unsigned int n = 0; n < 3; n++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			((uint8_t *)s)[x % sizeof(*s)] = (uint8_t)(x >> 32);
		}
		seal(s);
		if (!patch_parse(s, sizeof(*s), &p, &err))
			for (unsigned int i = 0; i < p.nsites; i++)
				assert_true(strlen(patch_site_name(&p, i)) > 0);
		free(s);
	}
}

/* The hex dump in docs/patch-format.md is a file that is taken. */
static void example_of_the_specification_is_right(void **state)
{
	FILE *f = fopen(DOCS "/patch-format.md", "r");
	_Alignas(8) uint8_t file[4096];
	char line[256];
	size_t len = 0;
	struct patch_error err = { 0 };
	struct patch p;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned int at, n = 0, b;
		char *s = line;
		int used;

		/* "00000010: 01 00 f8 ..." */
		if (sscanf(s, "%8x:%n", &at, &used) != 1 || used != 9)
			continue;
		assert_int_equal(at, len);
		for (s += used; n < 16 && sscanf(s, " %2x%n", &b, &used) == 1; n++, s += used)
			file[len++] = (uint8_t)b;
		assert_true(len < sizeof(file) - 16);
	}
	fclose(f);
	assert_true(len > sizeof(struct patch_header));
	if (patch_parse(file, len, &p, &err))
		fail_msg("example in docs/patch-format.md: %s: %s (CRC should be %08x)", err.field,
			 err.what, patch_crc(file, len));
	assert_string_equal(p.header->name, "example");
	assert_int_equal(p.nsites, 1);
	assert_int_equal(p.nfixups, 1);
	assert_string_equal(patch_site_name(&p, 0), "guest_answer");
}

/* Each field the parser can name is in the specification. */
static void fields_are_in_the_specification(void **state)
{
	FILE *f = fopen(DOCS "/patch-format.md", "r");
	static char doc[65536];
	char word[64];

	(void)state;
	assert_non_null(f);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; i < ARRAY_SIZE(mutations); i++) {
		snprintf(word, sizeof(word), "`%s`", mutations[i].field);
		if (!strstr(doc, word))
			fail_msg("%s is not in docs/patch-format.md", word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_taken),
		cmocka_unit_test(parts_may_be_absent),
		cmocka_unit_test(each_broken_field_is_named),
		cmocka_unit_test(a_base_must_exist),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_file_over_the_limit_is_refused),
		cmocka_unit_test(a_body_has_a_limit),
		cmocka_unit_test(wild_fields_do_no_harm),
		cmocka_unit_test(example_of_the_specification_is_right),
		cmocka_unit_test(fields_are_in_the_specification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
