/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of a patch's meta that `subtext build` writes. */
#ifndef CLI_INSPECT_META_H
#define CLI_INSPECT_META_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/cli/inspect/inspect.h"

/* A line of meta; zero it to start. */
struct meta_line {
	const char *text;
	size_t len, at;
};

/* "KEY=NAME 0xAT 0xSIZE" */
struct meta_symbol {
	char name[256];
	uint64_t at, size;
};

/* The next line; false behind the last. */
bool meta_next(const struct inspection *in, struct meta_line *l);
bool meta_symbol(const struct meta_line *l, const char *key, struct meta_symbol *out);
/* The line KEY=... of a symbol that is at @at: a new function's offset, an old one's address. */
bool meta_find(const struct inspection *in, const char *key, uint64_t at, struct meta_symbol *out);
/* The kernel's symbol, of those the patch uses or replaces, that @at lies in. */
bool meta_around(const struct inspection *in, uint64_t at, struct meta_symbol *out);
/* The first KEY=... as a string, or null. */
json_t *meta_value(const struct inspection *in, const char *key);
/* Arrays: what was done about special sections; symbols of the kernel that new code uses. */
json_t *meta_special(const struct inspection *in);
json_t *meta_uses(const struct inspection *in);

#endif
