/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpacked kernels in the user's cache directory, because unpacking xz is slow. The tool works
 * without it: a cache that cannot be read or written, or whose hashes are wrong, is ignored.
 */
#ifndef CLI_KERNEL_CACHE_H
#define CLI_KERNEL_CACHE_H

#include "patcher/cli/base/bytes.h"

#define IMAGE_CACHE_KEY_LEN 32

/* What an entry is found by: the SHA-256 of the packed kernel. Returns 0 or -1. */
int image_cache_key(const uint8_t *packed, size_t len, uint8_t key[IMAGE_CACHE_KEY_LEN]);

/**
 * image_cache_load - the unpacked kernel of that key
 * @max: longer ones are not taken
 * @out: zeroed; filled if true is returned, freed by the caller in either case
 * Looks in $XDG_CACHE_HOME/subtext, or $HOME/.cache/subtext, if it belongs to the user. What is
 * read was checked against a SHA-256 of its own.
 */
bool image_cache_load(const uint8_t key[IMAGE_CACHE_KEY_LEN], size_t max, struct bytes *out);

/* Adds an entry and removes the oldest ones. The file appears as a whole, by a rename. */
void image_cache_store(const uint8_t key[IMAGE_CACHE_KEY_LEN], const uint8_t *image, size_t len);

#endif
