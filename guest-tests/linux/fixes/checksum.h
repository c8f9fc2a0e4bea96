/* SPDX-License-Identifier: GPL-2.0-only */
/* For the triggers that make packets of their own. */
#ifndef FIXES_CHECKSUM_H
#define FIXES_CHECKSUM_H

#include <stddef.h>

/* The Internet checksum (RFC 1071) of an even number of bytes. */
static unsigned short sum(const void *data, size_t len)
{
	const unsigned short *word = data;
	unsigned int s = 0;

	for (; len > 1; len -= 2)
		s += *word++;
	s = (s >> 16) + (s & 0xffff);
	return ~(s + (s >> 16));
}

#endif
