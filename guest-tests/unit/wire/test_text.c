/* SPDX-License-Identifier: GPL-2.0-only */
/* Bounded text, numbers, CRC-32 and base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/wire/base64.h"
#include "patcher/wire/crc32.h"
#include "patcher/wire/text.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static void numbers_are_written(void **state)
{
	char buf[256];
	struct text t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	text_number(&t, 0, 10, 1);
	text_char(&t, ' ');
	text_number(&t, UINT64_MAX, 10, 1);
	text_char(&t, ' ');
	text_number(&t, 0, 16, 0);
	text_char(&t, ' ');
	text_number(&t, 0xabc, 16, 8);
	text_char(&t, ' ');
	text_number(&t, UINT64_MAX, 16, 16);
	text_char(&t, ' ');
	text_number(&t, 5, 16, 16);
	text_char(&t, ' ');
	text_format(&t, "%*p", 3, "\x00\x7f\xff");
	assert_string_equal(buf, "0 18446744073709551615 0 00000abc ffffffffffffffff "
			    "0000000000000005 007fff");
	assert_false(t.cut);
	assert_int_equal(t.len, strlen(buf));
}

static void a_format_is_followed(void **state)
{
	char buf[128];
	struct text t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	text_format(&t, "a %s b=%s c=%s %u%%", "x y", "x y", "", 7u);
	text_format(&t, " d=0x%lx %lu %x", 0xfedcba9876543210ul, UINT64_MAX, 0x1fu);
	assert_string_equal(buf, "a x y b=\"x y\" c=\"\" 7% d=0xfedcba9876543210 "
			    "18446744073709551615 1f");
	assert_false(t.cut);
	text_init(&t, buf, 6);
	text_format(&t, "k=%s", "a b c");
	assert_string_equal(buf, "k=\"a ");
	assert_true(t.cut);
}

static void values_are_quoted_when_needed(void **state)
{
	char buf[256];
	struct text t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	text_format(&t, " a=%s", "plain");
	text_format(&t, " b=%s", "");
	text_format(&t, " c=%s", "two words");
	text_format(&t, " d=%s", "say \"x\"");
	text_format(&t, " e=%s", "a=b");
	text_format(&t, " f=%s", "a*b");
	text_format(&t, " g=%s", "\n\x7f\xc3");
	text_format(&t, " h=%u i=0x%lx j=%*p", 7, 0xfful, 2, "\x01\x02");
	assert_string_equal(buf, " a=plain b=\"\" c=\"two words\" d=\"say \"\"x\"\"\" e=\"a=b\" "
			    "f=\"a*b\" g=??? h=7 i=0xff j=0102");
}

static void what_does_not_fit_is_cut(void **state)
{
	char buf[6] = "xxxxx";
	struct text t;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "abcde");
	assert_false(t.cut);
	text_str(&t, "");
	assert_false(t.cut);
	text_char(&t, 'f');
	assert_true(t.cut);
	assert_string_equal(buf, "abcde");
	text_init(&t, buf, sizeof(buf));
	text_str(&t, "1234567");
	assert_true(t.cut);
	assert_string_equal(buf, "12345");
	text_init(&t, NULL, 0);
	text_str(&t, "a");
	assert_true(t.cut);
	assert_int_equal(t.len, 0);
}

static void numbers_are_read(void **state)
{
	static const struct {
		const char *s;
		bool ok;
		uint64_t v;
	} cases[] = {
		{ "0", true, 0 }, { "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 }, { "99999999999999999999", false, 0 },
		{ "0xffffffffffffffff", true, UINT64_MAX }, { "0x10000000000000000", false, 0 },
		{ "0xAbC", true, 0xabc }, { "", false, 0 }, { "0x", false, 0 }, { "-1", false, 0 },
		{ "+1", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 }, { "1a", false, 0 },
		{ "0X1", false, 0 }, { "007", true, 7 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t v = 1;

		assert_int_equal(text_parse_u64(cases[i].s, &v), cases[i].ok);
		if (cases[i].ok)
			assert_true(v == cases[i].v);
	}
}

static void hex_is_read(void **state)
{
	uint8_t b[3] = { 0 };
	uint64_t v;

	(void)state;
	assert_true(text_parse_hex("DeadBeef", &v));
	assert_true(v == 0xdeadbeef);
	assert_true(text_parse_hex("ffffffffffffffff", &v));
	assert_false(text_parse_hex("00000000000000001", &v));
	assert_false(text_parse_hex("", &v));
	assert_false(text_parse_hex("0x1", &v));
	assert_true(text_parse_bytes("00fFa5", b, 3));
	assert_memory_equal(b, "\x00\xff\xa5", 3);
	assert_false(text_parse_bytes("00fFa", b, 3));
	assert_false(text_parse_bytes("00fFa5a", b, 3));
	assert_false(text_parse_bytes("00fFg5", b, 3));
	assert_true(text_parse_bytes("", b, 0));
}

static void same_means_equal(void **state)
{
	(void)state;
	assert_true(text_same("", ""));
	assert_true(text_same("abc", "abc"));
	assert_false(text_same("abc", "ab"));
	assert_false(text_same("ab", "abc"));
	assert_false(text_same("abc", "abd"));
}

/* The check value of the CRC catalogues, and that pieces give the same as the whole. */
static void crc_is_that_of_zlib(void **state)
{
	uint8_t all[256];

	(void)state;
	assert_int_equal(crc32_update(0, "", 0), 0);
	assert_int_equal(crc32_update(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_update(0, "a", 1), 0xe8b7be43);
	for (unsigned int i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	assert_int_equal(crc32_update(0, all, sizeof(all)), 0x29058c73);
	for (size_t cut = 0; cut <= sizeof(all); cut += 17)
		assert_int_equal(crc32_update(crc32_update(0, all, cut), all + cut,
					      sizeof(all) - cut), 0x29058c73);
}

/* RFC 4648 section 10. */
static void base64_known_answers(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" },
	};
	char buf[16], out[16];
	struct text t;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i][0]);

		text_init(&t, buf, sizeof(buf));
		base64_encode(&t, cases[i][0], len);
		assert_string_equal(buf, cases[i][1]);
		assert_int_equal(t.len, BASE64_LEN(len));
		assert_true(base64_decode(buf, out, len, &n));
		assert_int_equal(n, len);
		assert_memory_equal(out, cases[i][0], len);
		if (len)
			assert_false(base64_decode(buf, out, len - 1, &n));
	}
}

static void base64_is_strict(void **state)
{
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zg===", "====", "=g==", "Z===", "Zh==", "Zm9=", "Zm8=Zm8=",
		"Zg==Zg==", "Zm 9", "Zm9\n", "Zm-_", "Zm9vY", " Zm9", "Zm9v=", "Zm9vZ=g=",
	};
	char out[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(base64_decode(bad[i], out, sizeof(out), &n));
}

static void base64_carries_any_bytes(void **state)
{
	uint8_t in[200], out[200];
	char buf[300];
	struct text t;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 151 + 7);
	for (size_t len = 0; len <= sizeof(in); len++) {
		text_init(&t, buf, sizeof(buf));
		base64_encode(&t, in, len);
		assert_false(t.cut);
		assert_true(base64_decode(buf, out, len, &n));
		assert_int_equal(n, len);
		assert_memory_equal(in, out, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written),
		cmocka_unit_test(a_format_is_followed),
		cmocka_unit_test(values_are_quoted_when_needed),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(hex_is_read),
		cmocka_unit_test(same_means_equal),
		cmocka_unit_test(crc_is_that_of_zlib),
		cmocka_unit_test(base64_known_answers),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(base64_carries_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
