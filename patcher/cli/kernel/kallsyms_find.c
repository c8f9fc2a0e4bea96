/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding Linux's symbol table in an image that has no symbols for its place. Its parts are found
 * by the form of each (scripts/kallsyms.c, write_src()), one from the other:
 *
 *	token_index	256 growing numbers, the first 0
 *	token_table	right before it: strings that begin at these offsets
 *	num_syms, names	before that: a number, and so many entries, each with a valid type
 *	markers		right behind the names: position of every 256th of them
 *
 * Between markers and token_table lie 3 or 4 bytes for each symbol (seqs_of_names, 6.2 ... 6.3 and
 * stable kernels), or nothing. Every part starts at a multiple of 8; since 7.0 of 4.
 */
#include <string.h>
#include "patcher/cli/kernel/kallsyms.h"
#include "patcher/cli/kernel/kallsyms_find.h"

#define TOKENS 256
#define INDEX_SIZE (2 * TOKENS)
/* Letters that nm(1) may print for what is defined. */
static const char types[] = "AaBbCcDdGgiNnpRrSsTtuVvWw";

uint16_t kallsyms_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint32_t kallsyms_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint64_t kallsyms_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

size_t kallsyms_align(const struct kallsyms_place *pl, size_t v)
{
	return (v + pl->unit - 1) & ~(pl->unit - 1);
}

static bool spend(struct kallsyms_budget *b, uint64_t steps)
{
	if (b->steps < steps) {
		b->steps = 0;
		return false;
	}
	b->steps -= steps;
	return true;
}

const char *kallsyms_token(const struct kallsyms_place *pl, uint8_t i)
{
	return (const char *)pl->data + pl->token_table +
		kallsyms_u16(pl->data + pl->token_index + 2 * i);
}

/* ---- tokens ---- */

static bool is_index(const uint8_t *p)
{
	uint16_t last = 0;

	if (kallsyms_u16(p))
		return false;
	for (size_t i = 1; i < TOKENS; i++) {
		uint16_t v = kallsyms_u16(p + 2 * i);

		if (v <= last)
			return false;
		last = v;
	}
	return true;
}

/* Each string is as long as the distance to the next one; the last ends near the index. */
static bool is_table(const struct kallsyms_place *pl, const uint8_t *table, size_t room)
{
	const uint8_t *index = table + room;

	for (size_t i = 0; i < TOKENS; i++) {
		size_t at = kallsyms_u16(index + 2 * i);
		const uint8_t *end = at < room ? memchr(table + at, 0, room - at) : NULL;
		size_t next = end ? (size_t)(end - table) + 1 : 0;

		if (!end || (i + 1 < TOKENS && next != kallsyms_u16(index + 2 * (i + 1))))
			return false;
		if (i + 1 == TOKENS && kallsyms_align(pl, next) != room)
			return false;
	}
	return true;
}

/* The table ends with its last string and some zeros up to where the index may begin. */
static bool find_table(struct kallsyms_place *pl, struct kallsyms_budget *b)
{
	const uint8_t *index = pl->data + pl->token_index;
	size_t last = kallsyms_u16(index + 2 * (TOKENS - 1));

	for (size_t room = kallsyms_align(pl, last + 1); room < last + KALLSYMS_NAME_MAX;
	     room += pl->unit) {
		if (room > pl->token_index || !spend(b, TOKENS))
			return false;
		if (is_table(pl, index - room, room)) {
			pl->token_table = pl->token_index - room;
			return true;
		}
	}
	return false;
}

static bool find_tokens(struct kallsyms_place *pl, size_t *from, struct kallsyms_budget *b)
{
	for (size_t at = *from; at <= pl->len && pl->len - at >= INDEX_SIZE; at += pl->unit) {
		if (!is_index(pl->data + at) || !spend(b, TOKENS))
			continue;
		pl->token_index = at;
		if (find_table(pl, b)) {
			*from = at + pl->unit;
			return true;
		}
	}
	return false;
}

/* ---- names ---- */

bool kallsyms_next(const struct kallsyms_place *pl, size_t *at, size_t end, const uint8_t **tokens,
		   size_t *n)
{
	size_t p = *at;

	if (p >= end)
		return false;
	*n = pl->data[p++];
	if (*n & 0x80) {
		if (p >= end)
			return false;
		*n = (*n & 0x7f) | (size_t)pl->data[p++] << 7;
	}
	if (!*n || *n > end - p)
		return false;
	*tokens = pl->data + p;
	*at = p + *n;
	return true;
}

static bool valid_types(const struct kallsyms_place *pl, bool valid[TOKENS])
{
	bool any = false;

	for (size_t i = 0; i < TOKENS; i++) {
		const char *token = kallsyms_token(pl, (uint8_t)i);

		valid[i] = *token && strchr(types, *token);
		any |= valid[i];
	}
	return any;
}

static bool walk_names(struct kallsyms_place *pl, const bool valid[TOKENS],
		       struct kallsyms_budget *b)
{
	const uint8_t *tokens;
	size_t at = pl->names, n;

	for (uint32_t i = 0; i < pl->n; i++)
		if (!spend(b, 1) || !kallsyms_next(pl, &at, pl->token_table, &tokens, &n) ||
		    !valid[tokens[0]])
			return false;
	pl->names_end = at;
	return true;
}

/* 4 bytes each; 8 before Linux 5.0. */
static bool check_markers(const struct kallsyms_place *pl, size_t width)
{
	size_t markers = kallsyms_align(pl, pl->names_end), count = (pl->n + 255) / 256;
	size_t end = kallsyms_align(pl, markers + count * width), at = pl->names, n;
	const uint8_t *tokens;

	if (end != pl->token_table &&
	    kallsyms_align(pl, end + 3 * (size_t)pl->n) != pl->token_table &&
	    kallsyms_align(pl, end + 4 * (size_t)pl->n) != pl->token_table)
		return false;
	for (uint32_t i = 0; i < pl->n; i++) {
		const uint8_t *m = pl->data + markers + (i / 256) * width;

		if (i % 256 == 0 && (width == 4 ? kallsyms_u32(m) : kallsyms_u64(m)) !=
		    at - pl->names)
			return false;
		if (!kallsyms_next(pl, &at, pl->token_table, &tokens, &n))
			return false;
	}
	return true;
}

/* Backwards: the number, with 4 bytes of zero behind it if parts begin at multiples of 8. */
static bool find_names(struct kallsyms_place *pl, struct kallsyms_budget *b)
{
	bool valid[TOKENS];

	if (!valid_types(pl, valid))
		return false;
	for (size_t at = pl->token_table; at >= pl->unit;) {
		uint64_t n;

		at -= pl->unit;
		if (!spend(b, 1))
			return false;
		n = pl->unit == 8 ? kallsyms_u64(pl->data + at) : kallsyms_u32(pl->data + at);
		if (!n || n > KALLSYMS_MAX || n > (pl->token_table - at - pl->unit) / 2)
			continue;
		pl->num_syms = at;
		pl->names = at + pl->unit;
		pl->n = (uint32_t)n;
		if (walk_names(pl, valid, b) && spend(b, n) &&
		    (check_markers(pl, 4) || check_markers(pl, 8)))
			return true;
	}
	return false;
}

bool kallsyms_find(struct kallsyms_place *pl, size_t *from, struct kallsyms_budget *budget)
{
	while (find_tokens(pl, from, budget))
		if (find_names(pl, budget))
			return true;
	return false;
}
