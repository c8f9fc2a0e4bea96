/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and strings for the host tool, which ends at once when there is no memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/cli.h"
#include "patcher/cli/base/memory.h"

static void *or_die(void *p)
{
	if (!p) {
		fputs("subtext: out of memory\n", stderr);
		exit(CLI_INTERNAL);
	}
	return p;
}

void *xalloc(size_t n)
{
	return or_die(calloc(1, n ? n : 1));
}

void *xrealloc(void *p, size_t n)
{
	return or_die(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return or_die(strdup(s));
}

char *xvprintf(const char *fmt, va_list ap)
{
	char *s;

	return or_die(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

char *xprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvprintf(fmt, ap);
	va_end(ap);
	return s;
}
