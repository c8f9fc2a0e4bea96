/* SPDX-License-Identifier: GPL-2.0-only */
/* CRC-32 as in IEEE 802.3 and zlib: polynomial 0x04c11db7, reflected, inverted at both ends. */
#ifndef WIRE_CRC32_H
#define WIRE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/**
 * crc32_update - go on with a CRC
 * @crc: 0 to start, or the value so far
 * Returns the CRC of everything so far. Any context, no locks.
 */
uint32_t crc32_update(uint32_t crc, const void *p, size_t n);

#endif
