/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing buffer of bytes, whole files, hex digits. */
#ifndef CLI_BASE_BYTES_H
#define CLI_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include "patcher/cli/base/problems.h"

/* Zero it to start, free() its data to end. */
struct bytes {
	uint8_t *data;
	size_t len, cap;
};

/* Appends @n bytes from @p, or zeros if @p is NULL. Returns their offset. */
size_t bytes_add(struct bytes *b, const void *p, size_t n);
/* Appends a string without its end. */
void bytes_add_text(struct bytes *b, const char *s);
/* Pads with @fill to a multiple of @align (a power of two). */
void bytes_align(struct bytes *b, size_t align, uint8_t fill);

/* Writes @n bytes as 2 * @n hex digits and a zero to @out. Returns @out. */
char *put_hex(char *out, const uint8_t *p, size_t n);

/**
 * read_file - a whole regular file, 8-byte aligned
 * @max: larger files are refused
 * @out: zeroed; to be freed in either case
 * Returns 0, or -1 with the reason in @p (CLI_INPUT).
 */
int read_file(const char *path, size_t max, struct bytes *out, struct problems *p);

#endif
