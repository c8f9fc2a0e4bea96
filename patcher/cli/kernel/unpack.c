/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Undoing the compressions that kernels come in; the input may be hostile. And packing by lz4, the
 * fastest of them, for the cache.
 */
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/unpack.h"

/* Decoders' own memory. `xz -9` needs 65 MiB, `zstd --ultra -22` a window of 2^27. */
#define XZ_MEMORY (128u << 20)
#define ZSTD_WINDOW_LOG 27

/* Output of a stream grows in such steps. */
#define STEP (256u << 10)
/* The most that one block of the old lz4 format holds. */
#define LZ4_BLOCK (8u << 20)

struct unpacking {
	const uint8_t *in;
	size_t in_len;
	size_t max;
	struct bytes *out;
	char *why;
};

static int fail(const struct unpacking *u, const char *why)
{
	snprintf(u->why, UNPACK_WHY_MAX, "%s", why);
	return -1;
}

/* Makes room for @want bytes, or for as many as the limit leaves. Returns how many. */
static size_t room(struct unpacking *u, size_t want)
{
	struct bytes *out = u->out;

	if (want > u->max - out->len)
		want = u->max - out->len;
	if (out->cap - out->len < want) {
		out->cap = 2 * out->cap > out->len + want ? 2 * out->cap : out->len + want;
		out->data = xrealloc(out->data, out->cap);
	}
	return want;
}

static const char cut_short[] = "is cut short";
static const char damaged[] = "is damaged";
static const char too_large[] = "unpacks to more than a kernel may have";

static int unpack_gzip(struct unpacking *u)
{
	/* zlib counts in 32 bits, which is more than any kernel has. */
	uInt len = u->in_len < UINT32_MAX ? (uInt)u->in_len : UINT32_MAX;
	z_stream z = { .next_in = (Bytef *)u->in, .avail_in = len };
	int ret = Z_OK, result = 0;
	size_t n;

	/* 16: a gzip header and trailer, with its CRC. */
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return fail(u, "cannot be unpacked: no memory");
	while (ret == Z_OK) {
		n = room(u, STEP);
		z.next_out = u->out->data + u->out->len;
		z.avail_out = (uInt)n;
		ret = inflate(&z, Z_NO_FLUSH);
		u->out->len += n - z.avail_out;
		if (ret == Z_BUF_ERROR || (ret == Z_OK && u->out->len == u->max))
			result = fail(u, u->out->len == u->max ? too_large : cut_short);
		else if (ret != Z_OK && ret != Z_STREAM_END)
			result = fail(u, damaged);
		if (result)
			break;
	}
	inflateEnd(&z);
	return result;
}

static int unpack_xz(struct unpacking *u)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret ret = lzma_stream_decoder(&s, XZ_MEMORY, 0);
	int result = 0;
	size_t n;

	s.next_in = u->in;
	s.avail_in = u->in_len;
	while (ret == LZMA_OK && !result) {
		n = room(u, STEP);
		s.next_out = u->out->data + u->out->len;
		s.avail_out = n;
		ret = lzma_code(&s, LZMA_FINISH);
		u->out->len += n - s.avail_out;
		if (ret == LZMA_OK && u->out->len == u->max)
			result = fail(u, too_large);
	}
	lzma_end(&s);
	if (result || ret == LZMA_STREAM_END)
		return result;
	if (ret == LZMA_MEMLIMIT_ERROR || ret == LZMA_MEM_ERROR)
		return fail(u, "needs more memory to unpack than a kernel should");
	return fail(u, ret == LZMA_BUF_ERROR ? u->out->len == u->max ? too_large : cut_short
					     : damaged);
}

static int unpack_zstd(struct unpacking *u)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ZSTD_inBuffer in = { u->in, u->in_len, 0 };
	size_t ret = 1, before = 0;
	int result = 0;

	if (!d)
		return fail(u, "cannot be unpacked: no memory");
	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	while (ret && !result) {
		ZSTD_outBuffer out = { .size = room(u, STEP) };

		out.dst = u->out->data + u->out->len;
		before = in.pos;
		ret = ZSTD_decompressStream(d, &out, &in);
		u->out->len += out.pos;
		if (ZSTD_isError(ret))
			result = fail(u, damaged);
		else if (ret && u->out->len == u->max)
			result = fail(u, too_large);
		else if (ret && in.pos == before && !out.pos)
			result = fail(u, cut_short);
	}
	ZSTD_freeDCtx(d);
	return result;
}

/*
 * The old frame format, which `lz4 -l` writes: the magic number, then blocks, each behind its
 * packed size, of 8 MiB unpacked except the last. It has no end mark. The kernel's build puts
 * the unpacked size behind it, which ends it here, or the end of the input does.
 */
static int unpack_lz4(struct unpacking *u)
{
	size_t at = 4, space;
	uint32_t size;
	int n;

	while (u->in_len - at > 4) {
		memcpy(&size, u->in + at, 4);
		at += 4;
		if (size > u->in_len - at)
			return fail(u, cut_short);
		if (size > INT32_MAX)
			return fail(u, damaged);
		space = room(u, LZ4_BLOCK);
		n = LZ4_decompress_safe((const char *)u->in + at,
					(char *)u->out->data + u->out->len, (int)size, (int)space);
		if (n < 0)
			return fail(u, space < LZ4_BLOCK ? too_large : damaged);
		u->out->len += (size_t)n;
		at += size;
	}
	if (!u->out->len || (u->in_len != at && u->in_len - at != 4))
		return fail(u, cut_short);
	if (u->in_len == at)
		return 0;
	memcpy(&size, u->in + at, 4);
	return size == (uint32_t)u->out->len ? 0 : fail(u, damaged);
}

static int unpack_unknown(struct unpacking *u)
{
	return fail(u, "is packed in a way that this tool does not undo; it knows gzip, xz, zstd "
		    "and lz4");
}

#define LZ4_MAGIC 0x02, 0x21, 0x4c, 0x18

static const uint8_t lz4_magic[] = { LZ4_MAGIC };

static const struct format {
	const char *name;
	uint8_t magic[6];
	size_t len;
	int (*run)(struct unpacking *u);
} formats[] = {
	{ "gzip",	{ 0x1f, 0x8b, 0x08 }, 3, unpack_gzip },
	{ "xz",		{ 0xfd, '7', 'z', 'X', 'Z', 0x00 }, 6, unpack_xz },
	{ "zstd",	{ 0x28, 0xb5, 0x2f, 0xfd }, 4, unpack_zstd },
	{ "lz4",	{ LZ4_MAGIC }, sizeof(lz4_magic), unpack_lz4 },
	{ "bzip2",	{ 'B', 'Z', 'h' }, 3, unpack_unknown },
	{ "lzma",	{ 0x5d, 0x00, 0x00 }, 3, unpack_unknown },
	{ "lzo",	{ 0x89, 'L', 'Z', 'O', 0x00 }, 5, unpack_unknown },
};

static const struct format *find_format(const uint8_t *packed, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (len >= formats[i].len && !memcmp(packed, formats[i].magic, formats[i].len))
			return &formats[i];
	return NULL;
}

const char *unpack_format(const uint8_t *packed, size_t len)
{
	const struct format *f = find_format(packed, len);

	return f ? f->name : NULL;
}

int unpack(const uint8_t *packed, size_t len, size_t max, struct bytes *out,
	   char why[UNPACK_WHY_MAX])
{
	struct unpacking u = { packed, len, max, out, why };
	const struct format *f = find_format(packed, len);

	return f ? f->run(&u) : unpack_unknown(&u);
}

/* ---- packing ---- */

void lz4_pack(struct bytes *out, const uint8_t *image, size_t len)
{
	uint32_t size;

	bytes_add(out, lz4_magic, sizeof(lz4_magic));
	for (size_t at = 0; at < len; at += LZ4_BLOCK) {
		int n = (int)(len - at < LZ4_BLOCK ? len - at : LZ4_BLOCK);
		int most = LZ4_compressBound(n);
		size_t place = bytes_add(out, NULL, 4);

		bytes_add(out, NULL, (size_t)most);
		size = (uint32_t)LZ4_compress_default((const char *)image + at,
						      (char *)out->data + place + 4, n, most);
		memcpy(out->data + place, &size, 4);
		out->len = place + 4 + size;
	}
	/* As in a kernel: the reader takes the last 4 bytes for the size. */
	size = (uint32_t)len;
	bytes_add(out, &size, 4);
}
