/* SPDX-License-Identifier: GPL-2.0-only */
/* A bounded text being built, and numbers read out of text. No allocation, no libc. */
#ifndef WIRE_TEXT_H
#define WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *buf;	/* always NUL terminated if cap > 0 */
	size_t cap;	/* size of buf */
	size_t len;
	bool cut;	/* something did not fit */
};

void text_init(struct text *t, char *buf, size_t cap);
void text_char(struct text *t, char c);
void text_str(struct text *t, const char *s);
void text_mem(struct text *t, const char *s, size_t n);
void text_dec(struct text *t, uint64_t v);
/* Lower case; at least @width digits (0 ... 16), zero padded. No 0x in front. */
void text_hex(struct text *t, uint64_t v, unsigned int width);
/* Bytes as pairs of hex digits without separators. */
void text_bytes(struct text *t, const void *p, size_t n);
/*
 * " key=" and a value. The string form quotes with "..." if the value is empty or
 * holds blanks, '"', '*' or '='; a '"' inside is written twice; other bytes than
 * 0x20 ... 0x7e become '?'.
 */
void text_kv_str(struct text *t, const char *key, const char *v);
void text_kv_dec(struct text *t, const char *key, uint64_t v);
void text_kv_hex(struct text *t, const char *key, uint64_t v);	/* 0x... */
void text_kv_bytes(struct text *t, const char *key, const void *p, size_t n);

/**
 * text_format - appends what @fmt says
 * @fmt: %s string, %u and %x unsigned int, %lu and %lx uint64_t, %% percent; a string right
 *	behind '=' is a value, quoted as by text_kv_str() if need be
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
