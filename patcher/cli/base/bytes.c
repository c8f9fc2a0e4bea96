/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing buffer of bytes, whole files, hex digits. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/problems.h"

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

void bytes_add_text(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s));
}

char *put_hex(char *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", p[i]);
	out[2 * n] = '\0';
	return out;
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
