/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is to show about a patch file; cmd_inspect.c prints it. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli/cli.h"
#include "cli/elf_kernel.h"
#include "wire/patch.h"

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

/*
 * Name (PATCH_NAME_LEN bytes) and size of the new function at @offset of the text, from meta;
 * false if meta does not tell.
 */
bool inspect_function(const struct inspection *in, uint64_t offset, char *name, uint64_t *size);

#endif
