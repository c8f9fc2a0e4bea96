/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel file, unpacked: from vmlinuz (bzImage), vmlinux, or a packed vmlinux. */
#ifndef CLI_KERNEL_IMAGE_H
#define CLI_KERNEL_IMAGE_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"

/* More than any kernel unpacks to: the x86 kernel's own room is 1 GiB, stock ones take 70 MiB. */
#define KERNEL_UNPACKED_MAX (512u << 20)

struct kernel_image {
	const uint8_t *data;	/* the ELF file; a bzImage has its relocations behind it */
	size_t len;
	const char *packing;	/* "gzip", ...; NULL if it was not packed */
	bool boxed;		/* came out of a bzImage */
	const uint8_t *file;	/* the file as it is */
	size_t file_len;
	bool mapped;
	struct bytes unpacked;
};

/**
 * kernel_image_read - the second half of kernel_image_open()
 * @img: its file and file_len are set, and nothing else
 * @max: most bytes that it may unpack to
 */
int kernel_image_read(struct kernel_image *img, const char *path, bool cache, size_t max,
		      struct problems *p);

/**
 * kernel_image_find - where in a file the kernel proper begins
 * @at, @n: set to its bytes, still packed or an ELF file
 * @boxed: set if they lie in a bzImage
 * @why: a sentence without subject if it fails
 * Returns 0, or -1 if the file is a bzImage whose header is wrong or too old.
 */
int kernel_image_find(const uint8_t *file, size_t len, const uint8_t **at, size_t *n, bool *boxed,
		      const char **why);

/**
 * kernel_image_open - maps the file, whose content shows its format, and unpacks it
 * @cache: take the unpacked image from the user's cache, and leave it there
 * Returns 0, or -1 with the reason in @p. To be closed in either case.
 */
int kernel_image_open(struct kernel_image *img, const char *path, bool cache, struct problems *p);
void kernel_image_close(struct kernel_image *img);

#endif
