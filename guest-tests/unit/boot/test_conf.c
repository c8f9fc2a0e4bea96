/* SPDX-License-Identifier: GPL-2.0-only */
/* subtext.conf: every key, every way to get one wrong, and text conversion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "boot/conf.h"
#include "boot/text.h"

/* What the parser complained about, as "LINE what: text" lines. */
static char complaints[65536];

static void complain(void *ctx, unsigned int line, const char *what, const char *text, size_t len)
{
	size_t used = strlen(complaints);

	assert_ptr_equal(ctx, complaints);
	snprintf(complaints + used, sizeof(complaints) - used, "%u %s: %.*s\n", line, what,
		 (int)len, text);
}

/* Parses a copy that ends where the text ends. */
static unsigned int parse_bytes(const char *text, size_t len, struct conf *c)
{
	char *copy = malloc(len ? len : 1);
	unsigned int n;

	assert_non_null(copy);
	if (len)
		memcpy(copy, text, len);
	complaints[0] = 0;
	n = conf_parse(copy, len, c, complain, complaints);
	free(copy);
	return n;
}

static unsigned int parse(const char *text, struct conf *c)
{
	return parse_bytes(text, strlen(text), c);
}

static void assert_defaults(const struct conf *c)
{
	assert_int_equal(c->serial_port, 0x2f8);
	assert_int_equal(c->serial_speed, 115200);
	assert_string_equal(c->next, "");
	assert_string_equal(c->options, "");
	assert_int_equal(c->log_level, 2);
	assert_true(c->cpuid_leaf);
	assert_true(c->enabled);
}

static void test_empty(void **state)
{
	static const char *const texts[] = { "", "\n", "\r\n\r\n", " \t \n", "# a = b", "  # x\n#\n",
					     "\xef\xbb\xbf" };
	struct conf c;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(texts[i], &c), 0);
		assert_defaults(&c);
	}
	assert_int_equal(parse_bytes(NULL, 0, &c), 0);
	assert_defaults(&c);
}

static void test_all_keys(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse("\xef\xbb\xbf# all of them\r\n"
			       "serial = com1\r\n"
			       "\tserial-speed=57600  \r\n"
			       "next =\\EFI\\debian\\grubx64.efi\r\n"
			       "options = root=/dev/sda1 # not a comment = \xc3\xa9  \r\n"
			       "log-level = debug\r\n"
			       "cpuid-leaf = off\r\n"
			       "subtext = off", &c), 0);
	assert_int_equal(c.serial_port, 0x3f8);
	assert_int_equal(c.serial_speed, 57600);
	assert_string_equal(c.next, "\\EFI\\debian\\grubx64.efi");
	assert_string_equal(c.options, "root=/dev/sda1 # not a comment = \xc3\xa9");
	assert_int_equal(c.log_level, 3);
	assert_false(c.cpuid_leaf);
	assert_false(c.enabled);
}

static void test_serial(void **state)
{
	static const struct {
		const char *text;
		int port;	/* -1: refused */
	} cases[] = {
		{ "com1", 0x3f8 }, { "com2", 0x2f8 }, { "com3", 0x3e8 }, { "com4", 0x2e8 },
		{ "none", 0 }, { "0x2e8", 0x2e8 }, { "0XABC0", 0xabc0 }, { "0xfff8", 0xfff8 },
		{ "0x100", 0x100 }, { "0xf8", -1 }, { "0x3f9", -1 }, { "0x10000", -1 },
		{ "0x1000003f8", -1 }, { "0x10000000000003f8", -1 }, { "0x", -1 }, { "0xg8", -1 },
		{ "1016", -1 }, { "com", -1 }, { "com5", -1 }, { "com11", -1 }, { "COM1", -1 },
		{ "", -1 }, { "-8", -1 },
	};
	char line[64];
	struct conf c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int bad = cases[i].port < 0;

		snprintf(line, sizeof(line), "serial = %s\n", cases[i].text);
		assert_int_equal(parse(line, &c), bad);
		assert_int_equal(c.serial_port, bad ? 0x2f8 : cases[i].port);
	}
}

static void test_speed(void **state)
{
	static const char *const good[] = { "115200", "57600", "38400", "9600", "50", "2" };
	static const char *const bad[] = { "0", "1", "7", "115201", "230400", "-9600", "9600 8N1",
					   "0x2580", "", "18446744073709551617" };
	char line[64];
	struct conf c;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(line, sizeof(line), "serial-speed = %s", good[i]);
		assert_int_equal(parse(line, &c), 0);
		assert_int_equal(c.serial_speed, atoi(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "serial-speed = %s", bad[i]);
		assert_int_equal(parse(line, &c), 1);
		assert_int_equal(c.serial_speed, 115200);
	}
}

static void test_words(void **state)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	char line[64];
	struct conf c;

	(void)state;
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "log-level = %s", levels[i]);
		assert_int_equal(parse(line, &c), 0);
		assert_int_equal(c.log_level, i);
		snprintf(line, sizeof(line), "log-level = %d", i);
		assert_int_equal(parse(line, &c), 0);
		assert_int_equal(c.log_level, i);
	}
	assert_int_equal(parse("log-level = 4\ncpuid-leaf = 0\nsubtext = of\n", &c), 3);
	assert_defaults(&c);
	assert_int_equal(parse("cpuid-leaf = on\nsubtext = on", &c), 0);
	assert_defaults(&c);
}

/* Each bad line is named with its number, text and fault; the good ones around it count. */
static void test_bad_lines(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(parse("serial = com7\n"
			       "\n"
			       "  colour = blue  \n"
			       "next = /a.efi\n"
			       "just words\r\n"
			       "next = /b.efi\n"
			       "= com1\n"
			       "serial-speed 9600", &c), 6);
	assert_string_equal(complaints,
			    "1 not com1 ... com4, none or a port such as 0x2f8: serial = com7\n"
			    "3 unknown key: colour = blue\n"
			    "5 no '=': just words\n"
			    "6 key given twice: next = /b.efi\n"
			    "7 unknown key: = com1\n"
			    "8 no '=': serial-speed 9600\n");
	assert_string_equal(c.next, "/a.efi");
	assert_int_equal(c.serial_port, 0x2f8);
}

static void test_bad_characters(void **state)
{
	static const char nul[] = "options = a\0b\noptions = c\n";
	struct conf c;

	(void)state;
	assert_int_equal(parse_bytes(nul, sizeof(nul) - 1, &c), 1);
	assert_string_equal(c.options, "c");
	assert_int_equal(parse("options = a\rb", &c), 1);
	assert_int_equal(parse("options = \x1b[2J", &c), 1);
	assert_int_equal(parse("options = \x7f", &c), 1);
	assert_defaults(&c);
	assert_int_equal(parse("options = a\xff", &c), 1);
	assert_int_equal(parse("options = \xc3", &c), 1);
	assert_string_equal(complaints, "1 not UTF-8: options = \xc3\n");
	assert_defaults(&c);
	assert_int_equal(parse("options = a\tb", &c), 0);
	assert_string_equal(c.options, "a\tb");
	/* UTF-16, as some editors write it: complaints, but defaults that can be used. */
	assert_true(parse_bytes("\xff\xfes\0=\0\n\0", 8, &c) > 0);
	assert_defaults(&c);
}

static void check_length(const char *key, size_t max, size_t offset)
{
	static char text[8192];
	struct conf c;

	for (size_t n = max - 1; n <= max + 1; n++) {
		int used = snprintf(text, sizeof(text), "%s = ", key);

		memset(text + used, 'x', n);
		text[used + n] = 0;
		assert_int_equal(parse(text, &c), n > max);
		assert_int_equal(strlen((char *)&c + offset), n > max ? 0 : n);
	}
}

static void test_lengths(void **state)
{
	(void)state;
	check_length("next", CONF_PATH_MAX - 1, offsetof(struct conf, next));
	check_length("options", CONF_OPTIONS_MAX - 1, offsetof(struct conf, options));
}

static void test_no_listener(void **state)
{
	struct conf c;

	(void)state;
	assert_int_equal(conf_parse("x\ny\n", 4, &c, NULL, NULL), 2);
	assert_defaults(&c);
}

static void test_utf16(void **state)
{
	static const uint16_t want[] = { 'a', 0xe9, 0x20ac, 0xd83d, 0xde00, 0 };
	static const uint16_t broken[] = { 0xfffd, 'a', 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0 };
	uint16_t out[16];

	(void)state;
	assert_int_equal(utf8_to_utf16("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", out, 16), 5);
	assert_memory_equal(out, want, sizeof(want));
	/* A pair is not cut in two. */
	assert_int_equal(utf8_to_utf16("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", out, 5), 3);
	assert_int_equal(out[3], 0);
	assert_int_equal(utf8_to_utf16("abc", out, 1), 0);
	assert_int_equal(out[0], 0);
	/* Stray, overlong, surrogate. */
	assert_int_equal(utf8_to_utf16("\x80" "a\xc0\xaf\xed\xa0\x80", out, 16), 7);
	assert_memory_equal(out, broken, sizeof(broken));
}

static void test_utf8_limits(void **state)
{
	static const struct {
		const char *s;
		size_t took;
		uint32_t code;
	} cases[] = {
		{ "\x7f", 1, 0x7f }, { "\xc2\x80", 2, 0x80 }, { "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 }, { "\xed\x9f\xbf", 3, 0xd7ff },
		{ "\xee\x80\x80", 3, 0xe000 }, { "\xef\xbf\xbf", 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 0x10000 }, { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		{ "\xe0\x9f\xbf", 0, 0 }, { "\xf0\x8f\xbf\xbf", 0, 0 }, { "\xf4\x90\x80\x80", 0, 0 },
		{ "\xf5\x80\x80\x80", 0, 0 }, { "\xc1\xbf", 0, 0 }, { "\xc2", 0, 0 },
		{ "\xe1\x80", 0, 0 }, { "\xe1\x80\x41", 0, 0 }, { "\xf1\x80\x80\xc0", 0, 0 },
	};
	uint32_t code;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(utf8_next(cases[i].s, strlen(cases[i].s), &code), cases[i].took);
		if (cases[i].took)
			assert_int_equal(code, cases[i].code);
	}
	assert_int_equal(utf8_next("a", 0, &code), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_speed),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_bad_characters),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_no_listener),
		cmocka_unit_test(test_utf16),
		cmocka_unit_test(test_utf8_limits),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
