/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is to show about a patch file; commands/inspect.c prints it. */
#ifndef CLI_INSPECT_INSPECT_H
#define CLI_INSPECT_INSPECT_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"
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

#endif
