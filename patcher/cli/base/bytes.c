/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and files for the host tool: a growing buffer, whole files, no silent failure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/cli.h"

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

size_t bytes_add(struct bytes *b, const void *p, size_t n)
{
	size_t at = b->len;

	if (b->cap - b->len < n) {
		b->cap = 2 * b->cap + n + 64;
		b->data = xrealloc(b->data, b->cap);
	}
	if (p && n)
		memcpy(b->data + at, p, n);
	else if (n)
		memset(b->data + at, 0, n);
	b->len += n;
	return at;
}

void bytes_align(struct bytes *b, size_t align, uint8_t fill)
{
	while (b->len % align)
		bytes_add(b, &fill, 1);
}

static int read_all(FILE *f, const char *path, size_t max, struct bytes *out,
		    struct problems *p)
{
	uint8_t chunk[4096];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		bytes_add(out, chunk, n);
		if (out->len > max)
			return problem(p, CLI_INPUT, "file-too-large",
				       "%s is larger than %zu KiB, the most that is taken",
				       path, max >> 10);
	}
	if (ferror(f))
		return problem(p, CLI_INPUT, "unreadable", "cannot read %s: %s", path,
			       strerror(errno));
	return 0;
}

int read_file(const char *path, size_t max, struct bytes *out, struct problems *p)
{
	FILE *f = fopen(path, "rb");
	int ret;

	if (!f)
		return problem(p, CLI_INPUT, "unreadable", "cannot open %s: %s", path,
			       strerror(errno));
	ret = read_all(f, path, max, out, p);
	fclose(f);
	return ret;
}
