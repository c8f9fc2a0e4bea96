/* SPDX-License-Identifier: GPL-2.0-only */
/* Base64 is decoded without a table: the line is slower than the comparisons. */
#include "patcher/wire/base64.h"
#include "patcher/wire/mem.h"

/* Value of one digit, or -1. */
static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits to 3 - @pad bytes. */
static bool decode_group(const char *s, unsigned int pad, uint8_t *out)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < 4; i++) {
		int d = i < 4 - pad ? digit(s[i]) : 0;

		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
	}
	/* Otherwise two texts would stand for the same bytes. */
	if (v & ((1u << 8 * pad) - 1))
		return false;
	for (unsigned int i = 0; i < 3 - pad; i++)
		out[i] = (uint8_t)(v >> (16 - 8 * i));
	return true;
}

bool base64_decode(const char *s, void *out, size_t cap, size_t *n)
{
	size_t len = strlen(s), pad = 0, done = 0;
	uint8_t *to = out;

	if (len % 4)
		return false;
	if (len > 0 && s[len - 1] == '=')
		pad = s[len - 2] == '=' ? 2 : 1;
	if (len / 4 * 3 - pad > cap)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		unsigned int p = i + 4 == len ? (unsigned int)pad : 0;

		if (!decode_group(s + i, p, to + done))
			return false;
		done += 3 - p;
	}
	*n = done;
	return true;
}
