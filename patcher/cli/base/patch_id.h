/* SPDX-License-Identifier: GPL-2.0-only */
/* The id of a patch: SHA-256 over the file. */
#ifndef CLI_BASE_PATCH_ID_H
#define CLI_BASE_PATCH_ID_H

#include <stddef.h>
#include <stdint.h>
#include "patcher/wire/patch.h"

#define PATCH_ID_LEN 32

/**
 * patch_compute_id - as docs/patch-format.md defines it
 * @file: header and parts; @len >= sizeof(struct patch_header); the signature is left out
 * Returns 0, or -1 if libcrypto fails.
 */
int patch_compute_id(const uint8_t *file, size_t len, uint8_t id[PATCH_ID_LEN]);

#endif
