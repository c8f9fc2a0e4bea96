/* SPDX-License-Identifier: GPL-2.0-only */
/* UTF-8 of the configuration file into what EFI understands. */
#include "boot/text.h"

/*
 * Lead bytes by range, the length of the character, and the range of its second byte, which
 * rules out overlong forms and surrogates.
 */
static const struct lead {
	uint8_t first, last, len, min, max;
} leads[] = {
	{ 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static size_t decode(const uint8_t *s, size_t n, const struct lead *l, uint32_t *code)
{
	if (n < l->len || s[1] < l->min || s[1] > l->max)
		return 0;
	/* A lead byte carries 7 - len bits. */
	*code = s[0] & (0x7fu >> l->len);
	for (size_t i = 1; i < l->len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	return l->len;
}

size_t utf8_next(const char *text, size_t n, uint32_t *code)
{
	const uint8_t *s = (const uint8_t *)text;

	if (!n)
		return 0;
	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (s[0] >= leads[i].first && s[0] <= leads[i].last)
			return decode(s, n, &leads[i], code);
	return 0;
}

size_t utf8_to_utf16(const char *s, uint16_t *out, size_t max)
{
	size_t len = 0, used = 0;

	while (s[len])
		len++;
	while (len) {
		uint32_t code = 0xfffd;
		size_t took = utf8_next(s, len, &code);

		if (!took)
			took = 1;
		if (used + (code > 0xffff ? 2 : 1) >= max)
			break;
		if (code > 0xffff) {
			out[used++] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
			out[used++] = (uint16_t)(0xdc00 + ((code - 0x10000) & 0x3ff));
		} else {
			out[used++] = (uint16_t)code;
		}
		s += took;
		len -= took;
	}
	out[used] = 0;
	return used;
}
