/* SPDX-License-Identifier: GPL-2.0-only */
/* The id of a patch: SHA-256 over the file. */
#include <openssl/evp.h>
#include <string.h>
#include "patcher/cli/base/patch_id.h"
#include "patcher/wire/patch.h"

int patch_compute_id(const uint8_t *file, size_t len, uint8_t id[PATCH_ID_LEN])
{
	struct patch_header h;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	memcpy(&h, file, sizeof(h));
	h.crc = 0;
	memset(h.id, 0, sizeof(h.id));
	/* Its offset and size are part of the header; its bytes are not covered. */
	if (h.signature.size && h.signature.offset < len)
		len = h.signature.offset;
	ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
		EVP_DigestUpdate(ctx, &h, sizeof(h)) &&
		EVP_DigestUpdate(ctx, file + sizeof(h), len - sizeof(h)) &&
		EVP_DigestFinal_ex(ctx, id, NULL);
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -1;
}
