/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is to show about a patch file; cmd_inspect.c prints it. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "patcher/cli/cli.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/wire/patch.h"

struct inspection {
	struct bytes file;
	struct patch patch;
	struct kernel kernel;
	bool have_kernel;
	unsigned int insns;	/* how many instructions of a target are shown */
};

/* Reads and checks @path: format, CRC and id. 0, or -1 with the reason in @p. */
int inspect_open(struct inspection *in, const char *path, struct problems *p);
void inspect_close(struct inspection *in);

/* Everything as one JSON object. */
json_t *inspect_json(const struct inspection *in);

/* What a fixup's value means: "symbol+0x10" if there is a kernel, "text+16". To be freed. */
char *inspect_value(const struct inspection *in, unsigned int base, int64_t value);

/* ---- inspect_meta.c ---- */

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
