/* SPDX-License-Identifier: GPL-2.0-only */
/* Unpacking kernels: each compression, as the kernel's build leaves it, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include "patcher/cli/kernel/image.h"
#include "patcher/cli/kernel/unpack.h"

/* More than one step of the decoders, and of the old lz4 format. */
#define PLAIN (20u << 20)
#define BLOCK (8u << 20)

static uint8_t *plain;

/* Neither all alike nor without pattern. */
static int make_plain(void **state)
{
	uint32_t x = 1;

	(void)state;
	plain = malloc(PLAIN);
	for (size_t i = 0; i < PLAIN; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = i % 64 < 60 ? (uint8_t)(i >> 6) : (uint8_t)(x >> 24);
	}
	return 0;
}

static int free_plain(void **state)
{
	(void)state;
	free(plain);
	return 0;
}

struct packed {
	uint8_t *data;
	size_t len;
};

static struct packed pack_gzip(size_t n)
{
	z_stream z = { .next_in = plain, .avail_in = (uInt)n };
	struct packed p = { malloc(n + 4096), 0 };

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = p.data;
	z.avail_out = (uInt)n + 4096;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	p.len = z.total_out;
	deflateEnd(&z);
	return p;
}

/* With the filter for x86 code, as the kernel's build does it. */
static struct packed pack_xz(size_t n)
{
	struct packed p = { malloc(n + 4096), 0 };
	lzma_options_lzma o;
	lzma_filter filters[] = {
		{ LZMA_FILTER_X86, NULL }, { LZMA_FILTER_LZMA2, &o }, { LZMA_VLI_UNKNOWN, NULL }
	};

	lzma_lzma_preset(&o, 0);
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, plain, n,
						   p.data, &p.len, n + 4096), LZMA_OK);
	return p;
}

static struct packed pack_zstd(size_t n)
{
	struct packed p = { malloc(ZSTD_compressBound(n)), 0 };

	p.len = ZSTD_compress(p.data, ZSTD_compressBound(n), plain, n, 1);
	assert_false(ZSTD_isError(p.len));
	return p;
}

static struct packed pack_lz4(size_t n)
{
	struct packed p = { malloc(n + n / 128 + 4096), 4 };

	memcpy(p.data, "\x02\x21\x4c\x18", 4);
	for (size_t at = 0; at < n; at += BLOCK) {
		int len = (int)(n - at < BLOCK ? n - at : BLOCK);
		uint32_t size = (uint32_t)LZ4_compress_default((char *)plain + at,
			(char *)p.data + p.len + 4, len, LZ4_compressBound(len));

		memcpy(p.data + p.len, &size, 4);
		p.len += 4 + size;
	}
	return p;
}

static const struct {
	const char *name;
	struct packed (*pack)(size_t n);
	bool self_checking;	/* any damage shows */
} packers[] = {
	{ "gzip", pack_gzip, true },
	{ "xz", pack_xz, true },
	{ "zstd", pack_zstd, false },
	{ "lz4", pack_lz4, false },
};

#define NPACKERS (sizeof(packers) / sizeof(packers[0]))

static int run(const uint8_t *data, size_t len, size_t max, struct bytes *out, char *why)
{
	/* A copy of the very size, so that reading beyond it shows. */
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, data, len);
	memset(out, 0, sizeof(*out));
	why[0] = '\0';
	ret = unpack(copy, len, max, out, why);
	free(copy);
	assert_true(out->len <= max);
	assert_true(ret == 0 || why[0]);
	return ret;
}

static void each_format_comes_back(void **state)
{
	static const size_t sizes[] = { 1, 4097, BLOCK, BLOCK + 1, PLAIN };
	char why[UNPACK_WHY_MAX];
	struct bytes out;

	(void)state;
	for (size_t i = 0; i < NPACKERS; i++)
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			struct packed p = packers[i].pack(sizes[j]);

			assert_string_equal(unpack_format(p.data, p.len), packers[i].name);
			assert_int_equal(run(p.data, p.len, 2 * PLAIN, &out, why), 0);
			assert_int_equal(out.len, sizes[j]);
			assert_memory_equal(out.data, plain, sizes[j]);
			free(out.data);
			free(p.data);
		}
}

/* The kernel's build puts the unpacked size behind all formats but gzip, which ends with it. */
static void the_size_behind_it_is_no_data(void **state)
{
	char why[UNPACK_WHY_MAX];
	uint32_t size = 100000;
	struct bytes out;

	(void)state;
	for (size_t i = 0; i < NPACKERS; i++) {
		struct packed p = packers[i].pack(size);

		p.data = realloc(p.data, p.len + 4);
		memcpy(p.data + p.len, &size, 4);
		assert_int_equal(run(p.data, p.len + 4, PLAIN, &out, why), 0);
		assert_int_equal(out.len, size);
		assert_memory_equal(out.data, plain, size);
		free(out.data);
		/* lz4 has no other check of its length. */
		p.data[p.len] ^= 1;
		assert_int_equal(run(p.data, p.len + 4, PLAIN, &out, why),
				 packers[i].pack == pack_lz4 ? -1 : 0);
		free(out.data);
		free(p.data);
	}
}

static void too_much_is_refused(void **state)
{
	char why[UNPACK_WHY_MAX];
	struct bytes out;

	(void)state;
	for (size_t i = 0; i < NPACKERS; i++) {
		struct packed p = packers[i].pack(BLOCK + 100);

		for (size_t less = 1; less <= BLOCK + 100; less += BLOCK / 2) {
			assert_int_equal(run(p.data, p.len, BLOCK + 100 - less, &out, why), -1);
			assert_non_null(strstr(why, "more than a kernel"));
			free(out.data);
		}
		free(p.data);
	}
}

static void what_is_cut_short_is_refused(void **state)
{
	char why[UNPACK_WHY_MAX];
	struct bytes out;

	(void)state;
	for (size_t i = 0; i < NPACKERS; i++) {
		struct packed p = packers[i].pack(5000);

		for (size_t len = 0; len < p.len; len += len < 40 || len + 40 > p.len ? 1 : 7) {
			assert_int_equal(run(p.data, len, PLAIN, &out, why), -1);
			free(out.data);
		}
		free(p.data);
	}
}

static void damage_is_survived(void **state)
{
	char why[UNPACK_WHY_MAX];
	struct bytes out;

	(void)state;
	for (size_t i = 0; i < NPACKERS; i++) {
		struct packed p = packers[i].pack(3000);

		for (size_t at = 6; at < p.len; at += at < 100 ? 1 : 5) {
			bool same;

			p.data[at] ^= 0x41;
			same = !run(p.data, p.len, 1 << 20, &out, why) && out.len == 3000 &&
				!memcmp(out.data, plain, 3000);
			/* gzip's header has a time and a system in it, which nobody checks. */
			if (packers[i].self_checking && at > 9)
				assert_false(same);
			p.data[at] ^= 0x41;
			free(out.data);
		}
		free(p.data);
	}
}

static void others_are_reported_by_name(void **state)
{
	char why[UNPACK_WHY_MAX];
	struct bytes out;

	(void)state;
	assert_string_equal(unpack_format((const uint8_t *)"BZh91AY", 7), "bzip2");
	assert_string_equal(unpack_format((const uint8_t *)"\x5d\0\0\0\x01", 5), "lzma");
	assert_string_equal(unpack_format((const uint8_t *)"\x89LZO\0", 5), "lzo");
	assert_null(unpack_format((const uint8_t *)"\x7f" "ELF", 4));
	assert_null(unpack_format((const uint8_t *)"\x1f", 1));
	assert_int_equal(run((const uint8_t *)"BZh91AY", 7, PLAIN, &out, why), -1);
	assert_non_null(strstr(why, "gzip, xz, zstd and lz4"));
}

/* ---- the header of a bzImage ---- */

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static uint8_t *make_bzimage(size_t len, uint8_t sectors, uint16_t version, uint32_t offset,
			     uint32_t size)
{
	uint8_t *f = calloc(1, len);

	f[0x1f1] = sectors;
	memcpy(f + 0x202, "HdrS", 4);
	memcpy(f + 0x206, &version, 2);
	put32(f + 0x248, offset);
	put32(f + 0x24c, size);
	return f;
}

static void the_payload_is_found(void **state)
{
	static const struct {
		size_t len;
		uint8_t sectors;
		uint16_t version;
		uint32_t offset, size;
		long at;	/* -1: refused */
	} cases[] = {
		{ 8192, 3, 0x20f, 0x100, 1000, 2048 + 0x100 },
		{ 8192, 3, 0x208, 0, 6144, 2048 },
		{ 8192, 0, 0x20f, 0, 10, 2560 },	/* 0 means 4 sectors */
		{ 8192, 3, 0x207, 0x100, 1000, -1 },
		{ 8192, 3, 0x20f, 0, 6145, -1 },
		{ 8192, 3, 0x20f, 6144, 0, -1 },
		{ 8192, 3, 0x20f, 6144, 1, -1 },
		{ 8192, 3, 0x20f, 0xffffffff, 0xffffffff, -1 },
		{ 8192, 255, 0x20f, 0, 1, -1 },
		{ 0x250, 0, 0x20f, 0, 1, -1 },
	};
	const uint8_t *at;
	const char *why;
	bool boxed;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *f = make_bzimage(cases[i].len, cases[i].sectors, cases[i].version,
					  cases[i].offset, cases[i].size);
		int ret = kernel_image_find(f, cases[i].len, &at, &n, &boxed, &why);

		assert_int_equal(ret, cases[i].at < 0 ? -1 : 0);
		assert_true(boxed);
		if (!ret) {
			assert_int_equal(at - f, cases[i].at);
			assert_int_equal(n, cases[i].size);
		}
		free(f);
	}
}

static void another_file_is_taken_as_it_is(void **state)
{
	uint8_t *f = make_bzimage(8192, 3, 0x20f, 0, 10);
	const uint8_t *at;
	const char *why;
	bool boxed;
	size_t n;

	(void)state;
	assert_int_equal(kernel_image_find(f, 0x24f, &at, &n, &boxed, &why), 0);
	assert_false(boxed);
	f[0x202] = 'h';
	assert_int_equal(kernel_image_find(f, 8192, &at, &n, &boxed, &why), 0);
	assert_false(boxed);
	assert_ptr_equal(at, f);
	assert_int_equal(n, 8192);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_comes_back),
		cmocka_unit_test(the_size_behind_it_is_no_data),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(what_is_cut_short_is_refused),
		cmocka_unit_test(damage_is_survived),
		cmocka_unit_test(others_are_reported_by_name),
		cmocka_unit_test(the_payload_is_found),
		cmocka_unit_test(another_file_is_taken_as_it_is),
	};

	return cmocka_run_group_tests(tests, make_plain, free_plain);
}
