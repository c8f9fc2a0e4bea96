/* SPDX-License-Identifier: GPL-2.0-only */
/* Base64 as in RFC 4648 section 4: padded, no line ends, one spelling only. */
#ifndef WIRE_BASE64_H
#define WIRE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/wire/text.h"

/* Length of the text for @n bytes, without a NUL. */
#define BASE64_LEN(n)	(((n) + 2) / 3 * 4)

/* Appends @n bytes as base64; sets t->cut if they do not fit. Host only. */
void base64_encode(struct text *t, const void *p, size_t n);

/**
 * base64_decode - the whole string @s, strictly
 * @out: room for @cap bytes; its content is undefined after a failure
 * @n: number of bytes on success
 * False for a wrong length, foreign characters, padding elsewhere than at the
 * end, unused bits that are not zero, or more than @cap bytes. Any context.
 */
bool base64_decode(const char *s, void *out, size_t cap, size_t *n);

#endif
