/* SPDX-License-Identifier: GPL-2.0-only */
/* The name of a patch that is being made, and its file on disk. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/output.h"

char *build_default_name(const char *out)
{
	const char *slash = strrchr(out, '/');
	char *name = xstrdup(slash ? slash + 1 : out);
	size_t n = strlen(name);

	if (n > 6 && !strcmp(name + n - 6, ".patch"))
		name[n - 6] = '\0';
	return name;
}

int build_check_name(struct build *b)
{
	size_t n = strlen(b->opt.name);

	for (size_t i = 0; i < n; i++)
		if (b->opt.name[i] <= ' ' || b->opt.name[i] > '~')
			n = 0;
	if (n && n < PATCH_NAME_LEN)
		return 0;
	return problem(&b->problems, CLI_INPUT, "bad-name",
		       "'%s' is not a name for a patch: 1 to %d ASCII characters without blanks; "
		       "see --name", b->opt.name, PATCH_NAME_LEN - 1);
}

/* A temporary file that is renamed: an interrupted build leaves no half patch. */
int build_write(struct build *b)
{
	char *tmp = xprintf("%s.%ld.tmp", b->opt.out, (long)getpid());
	FILE *f = fopen(tmp, "wb");
	bool ok = f && fwrite(b->output.file.data, 1, b->output.file.len, f) == b->output.file.len;

	if (f && fclose(f))
		ok = false;
	if (ok && rename(tmp, b->opt.out))
		ok = false;
	if (!ok) {
		problem(&b->problems, CLI_INPUT, "unwritable", "cannot write %s: %s", b->opt.out,
			strerror(errno));
		remove(tmp);
	}
	free(tmp);
	return ok ? 0 : -1;
}
