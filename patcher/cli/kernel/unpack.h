/* SPDX-License-Identifier: GPL-2.0-only */
/* The compressions that kernels come in: gzip, xz, zstd, lz4. */
#ifndef CLI_KERNEL_UNPACK_H
#define CLI_KERNEL_UNPACK_H

#include "patcher/cli/base/bytes.h"

#define UNPACK_WHY_MAX 160

/* Name of the compression by its magic number, or NULL. Also of those that unpack() refuses. */
const char *unpack_format(const uint8_t *packed, size_t len);

/**
 * unpack - undoes one of them
 * @packed: begins with the magic number; bytes behind the compressed stream are ignored
 * @max: more output than this is refused, so a small file cannot fill the memory
 * @out: zeroed; to be freed in either case
 * @why: a sentence without subject ("is cut short") if it fails
 * Returns 0 or -1.
 */
int unpack(const uint8_t *packed, size_t len, size_t max, struct bytes *out,
	   char why[UNPACK_WHY_MAX]);

/* Adds @image, packed by lz4 as a kernel would be, to @out. */
void lz4_pack(struct bytes *out, const uint8_t *image, size_t len);

#endif
