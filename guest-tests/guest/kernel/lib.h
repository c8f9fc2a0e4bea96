/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings and memory for the test kernel (lib.c). */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE_SIZE	4096ul

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
bool str_eq(const char *a, const char *b);

/* Takes the next word out of *s (changed in place); "" at the end. */
char *next_word(char **s);

/* Decimal, or hex after 0x; false if @s is anything else. */
bool parse_number(const char *s, uint64_t *v);

/* %s %c %d %u %x %lu %lx, with width and zero fill; returns the length, always terminates. */
size_t format(char *buf, size_t cap, const char *fmt, va_list ap);

/* Writes @v in decimal, without a NUL; room for 20 digits. Returns the length. */
size_t number_text(char *to, uint64_t v);

#endif
