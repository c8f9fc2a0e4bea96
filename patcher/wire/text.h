/* SPDX-License-Identifier: GPL-2.0-only */
/* To write text into a buffer of fixed size, and to read numbers. No allocation, no libc. */
#ifndef WIRE_TEXT_H
#define WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *buf;	/* always NUL terminated if cap > 0 */
	size_t cap;	/* size of buf */
	size_t len;
	bool cut;	/* not all of it fitted */
};

void text_init(struct text *t, char *buf, size_t cap);
void text_char(struct text *t, char c);
void text_str(struct text *t, const char *s);
void text_mem(struct text *t, const char *s, size_t n);
/* Number @v to the base 10 or 16 (lower case, no 0x in front), zero padded to @width digits. */
void text_number(struct text *t, uint64_t v, unsigned int base, unsigned int width);

/**
 * text_format - append text with values in it, the one way to write KEY=VALUE
 * @fmt: %s string; %u and %x unsigned int; %lu and %lx uint64_t; %*p int and pointer: that many
 *	bytes as pairs of hex digits; %% percent
 *
 * A string right behind '=' is quoted ("...") if it is empty or has a blank, '"', '*' or '=';
 * a '"' in it is written twice; bytes outside 0x20 ... 0x7e become '?'. Any context.
 */
void text_format(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_vformat(struct text *t, const char *fmt, __builtin_va_list ap);

bool text_same(const char *a, const char *b);

/* The whole string is one number: decimal, or hex after 0x. No sign, blanks or overflow. */
bool text_parse_u64(const char *s, uint64_t *v);
/* Hex digits only, 1 ... 16 of them. */
bool text_parse_hex(const char *s, uint64_t *v);
/* Exactly 2*n hex digits. */
bool text_parse_bytes(const char *s, void *p, size_t n);

#endif
