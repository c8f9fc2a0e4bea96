/* SPDX-License-Identifier: GPL-2.0-only */
/* The writing half of base64. Root mode only reads it: this file is for the host. */
#include "patcher/wire/base64.h"

void base64_encode(struct text *t, const void *p, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)b[i] << 16;

		if (left > 1)
			v |= (uint32_t)b[i + 1] << 8;
		if (left > 2)
			v |= b[i + 2];
		text_char(t, digits[v >> 18]);
		text_char(t, digits[v >> 12 & 63]);
		text_char(t, left > 1 ? digits[v >> 6 & 63] : '=');
		text_char(t, left > 2 ? digits[v & 63] : '=');
	}
}
