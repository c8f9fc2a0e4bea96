/* SPDX-License-Identifier: GPL-2.0-only */
/* Framing and taking apart of protocol lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/wire/crc32.h"
#include "patcher/wire/line.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Appends the CRC that belongs to @s. */
static char *with_crc(char *buf, size_t size, const char *s)
{
	snprintf(buf, size, "%s *%08x", s, crc32_update(0, s, strlen(s)));
	return buf;
}

static enum line_error parse(const char *s, char *buf, struct line *l)
{
	with_crc(buf, LINE_MAX_LEN + 1, s);
	return line_parse(buf, l);
}

static void request_is_taken_apart(void **state)
{
	char buf[LINE_MAX_LEN + 1];
	struct line l;

	(void)state;
	assert_int_equal(parse("#4294967295 put  size=12   crc=00ff \"a b\" n=\"\" q=\"x\"\"y\" "
			       "e= b64=Zg== f=a*b ", buf, &l), LINE_OK);
	assert_int_equal(l.kind, LINE_REQUEST);
	assert_int_equal(l.seq, UINT32_MAX);
	assert_string_equal(l.verb, "put");
	assert_int_equal(l.nargs, 8);
	assert_string_equal(line_get(&l, "size"), "12");
	assert_string_equal(line_get(&l, "crc"), "00ff");
	assert_string_equal(line_get(&l, ""), "a b");
	assert_string_equal(line_get(&l, "n"), "");
	assert_string_equal(line_get(&l, "q"), "x\"y");
	assert_string_equal(line_get(&l, "e"), "");
	assert_string_equal(line_get(&l, "b64"), "Zg==");
	assert_string_equal(line_get(&l, "f"), "a*b");
	assert_null(line_get(&l, "put"));
	assert_null(line_get(&l, "siz"));
}

static void other_kinds(void **state)
{
	char buf[LINE_MAX_LEN + 1];
	struct line l;

	(void)state;
	assert_int_equal(parse("+7 next=5", buf, &l), LINE_OK);
	assert_int_equal(l.kind, LINE_DONE);
	assert_int_equal(l.seq, 7);
	assert_string_equal(l.verb, "");
	assert_string_equal(line_get(&l, "next"), "5");
	assert_int_equal(parse("-0 code=x", buf, &l), LINE_OK);
	assert_int_equal(l.kind, LINE_REFUSED);
	assert_int_equal(l.seq, 0);
	assert_int_equal(parse("=9 busy phase=check", buf, &l), LINE_OK);
	assert_int_equal(l.kind, LINE_PART);
	assert_string_equal(l.args[0].key, "");
	assert_string_equal(l.args[0].value, "busy");
	assert_int_equal(parse("+3", buf, &l), LINE_OK);
	assert_int_equal(l.nargs, 0);
	assert_int_equal(parse("!12 window-write symbol=f", buf, &l), LINE_OK);
	assert_int_equal(l.kind, LINE_EVENT);
	assert_int_equal(l.seq, 12);
	assert_string_equal(l.verb, "window-write");
	assert_string_equal(line_get(&l, "symbol"), "f");
}

static void a_person_needs_no_crc(void **state)
{
	char buf[LINE_MAX_LEN + 1];
	struct line l;

	(void)state;
	strcpy(buf, "  sites id=0011  ");
	assert_int_equal(line_parse(buf, &l), LINE_OK);
	assert_int_equal(l.kind, LINE_PERSON);
	assert_int_equal(l.seq, 0);
	assert_string_equal(l.verb, "sites");
	assert_string_equal(line_get(&l, "id"), "0011");
	strcpy(buf, "help");
	assert_int_equal(line_parse(buf, &l), LINE_OK);
	/* But one that is there must be right. */
	strcpy(buf, "help *00000000");
	assert_int_equal(line_parse(buf, &l), LINE_BAD_CRC);
	assert_int_equal(parse("help", buf, &l), LINE_OK);
	assert_int_equal(l.kind, LINE_PERSON);
	strcpy(buf, "   ");
	assert_int_equal(line_parse(buf, &l), LINE_EMPTY);
	strcpy(buf, "");
	assert_int_equal(line_parse(buf, &l), LINE_EMPTY);
}

static void errors_are_distinguished(void **state)
{
	static const struct {
		const char *line;	/* its CRC is appended */
		enum line_error error;
		const char *name, *field;
	} cases[] = {
		{ "#1 a\tb", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a\x80", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a\x7f", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a k=\"b", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a k=\"", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a k=\"b\"c", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a k=b\"c\"", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a k\"=b", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#1 a k=\"b\"\"", LINE_BAD_BYTE, "bad-byte", "line" },
		{ "#0 a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "# a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "#x a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "#1x a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "#0x1 a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "#-1 a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "#4294967296 a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "#99999999999999999999999 a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "+ a", LINE_BAD_SEQ, "bad-seq", "seq" },
		{ "#1", LINE_NO_VERB, "no-verb", "verb" },
		{ "#1 ", LINE_NO_VERB, "no-verb", "verb" },
		{ "#1 k=v", LINE_NO_VERB, "no-verb", "verb" },
		{ "#1 \"\"", LINE_NO_VERB, "no-verb", "verb" },
		{ "!1", LINE_NO_VERB, "no-verb", "verb" },
		{ "#1 a =v", LINE_BAD_KEY, "bad-key", "args" },
		{ "#1 a =", LINE_BAD_KEY, "bad-key", "args" },
	};
	char buf[LINE_MAX_LEN + 1];
	struct line l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse(cases[i].line, buf, &l), cases[i].error);
		assert_string_equal(line_error_name(cases[i].error), cases[i].name);
		assert_string_equal(line_error_field(cases[i].error), cases[i].field);
	}
	assert_string_equal(line_error_name((enum line_error)99), "unknown");
	assert_string_equal(line_error_field((enum line_error)99), "line");
}

static void crc_must_be_there_and_right(void **state)
{
	static const char *const no_crc[] = { "#1 a", "#", "#1 a * 2144df1c", "#1 a*00000000", "+1",
					      "!1 a", "=1 a", "-1 a", "#1 a *0000000" };
	char buf[LINE_MAX_LEN + 1], good[64];
	struct line l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no_crc); i++) {
		strcpy(buf, no_crc[i]);
		assert_int_equal(line_parse(buf, &l), LINE_NO_CRC);
	}
	with_crc(good, sizeof(good), "#17 revert id=00112233aabbccdd");
	for (size_t i = 0; i < strlen(good); i++) {
		for (int bit = 0; bit < 7; bit++) {
			strcpy(buf, good);
			buf[i] ^= (char)(1 << bit);
			/* Not "LINE_OK as a request": without its '#' it is not a request. */
			assert_int_not_equal(line_parse(buf, &l), LINE_OK);
		}
	}
	strcpy(buf, good);
	assert_int_equal(line_parse(buf, &l), LINE_OK);
	/* One spelling only: lower case. */
	strcpy(buf, "#1 a *2144DF1C");
	assert_int_equal(line_parse(buf, &l), LINE_BAD_CRC);
}

static void number_of_arguments_is_bounded(void **state)
{
	char buf[LINE_MAX_LEN + 1], s[LINE_MAX_LEN + 1] = "+1";
	struct line l;

	(void)state;
	for (unsigned int i = 0; i < LINE_MAX_ARGS; i++)
		strcat(s, " k=v");
	assert_int_equal(parse(s, buf, &l), LINE_OK);
	assert_int_equal(l.nargs, LINE_MAX_ARGS);
	strcat(s, " k");
	assert_int_equal(parse(s, buf, &l), LINE_TOO_MANY_ARGS);
}

/* Feeds @s; the last line's error is returned, the number of lines counted. */
static unsigned int feed(struct line_reader *r, const char *s, size_t n, enum line_error *e)
{
	unsigned int lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += line_feed(r, s[i], e);
	return lines;
}

static void bytes_become_lines(void **state)
{
	struct line_reader r = { 0 };
	enum line_error e = LINE_EMPTY;

	(void)state;
	assert_int_equal(feed(&r, "abc", 3, &e), 0);
	assert_int_equal(feed(&r, "\r", 1, &e), 1);
	assert_int_equal(e, LINE_OK);
	assert_string_equal(r.buf, "abc");
	assert_int_equal(feed(&r, "\n\n\r\r\n", 5, &e), 0);
	assert_int_equal(feed(&r, "x\ny\r\nz", 6, &e), 2);
	assert_string_equal(r.buf, "z");	/* "y", overwritten by what comes next */
	assert_int_equal(feed(&r, "\n", 1, &e), 1);
	assert_string_equal(r.buf, "z");
	/* A NUL is a bad byte, not an end. */
	assert_int_equal(feed(&r, "a\0b\n", 4, &e), 1);
	assert_int_equal(strlen(r.buf), 3);
}

static void long_lines_are_reported_once(void **state)
{
	struct line_reader r = { 0 };
	enum line_error e = LINE_OK;
	struct line l;

	(void)state;
	for (unsigned int i = 0; i < LINE_MAX_LEN; i++)
		assert_false(line_feed(&r, 'a', &e));
	assert_true(line_feed(&r, '\n', &e));
	assert_int_equal(e, LINE_OK);
	assert_int_equal(strlen(r.buf), LINE_MAX_LEN);
	assert_int_equal(line_parse(r.buf, &l), LINE_OK);
	for (unsigned int i = 0; i < 1u << 20; i++)
		assert_false(line_feed(&r, 'a', &e));
	assert_true(line_feed(&r, '\n', &e));
	assert_int_equal(e, LINE_TOO_LONG);
	assert_false(line_feed(&r, '\r', &e));
	assert_int_equal(feed(&r, "ok\n", 3, &e), 1);
	assert_int_equal(e, LINE_OK);
	assert_string_equal(r.buf, "ok");
}

static void what_is_built_is_understood(void **state)
{
	static const char *const values[] = { "", " ", "\"", "\"\"", "a b", "=", "*", "x=y",
					      " *00000000", "plain", "\"q", "q\"" };
	char buf[LINE_MAX_LEN + 2];
	struct text t;
	struct line l;

	(void)state;
	text_init(&t, buf, sizeof(buf));
	line_begin(&t, LINE_REQUEST, 42);
	text_str(&t, " verb");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char key[2] = { (char)('a' + i), 0 };

		text_format(&t, " %s=%s", key, values[i]);
	}
	assert_true(line_end(&t));
	assert_int_equal(buf[t.len - 1], '\n');
	buf[t.len - 1] = '\0';
	assert_int_equal(line_parse(buf, &l), LINE_OK);
	assert_int_equal(l.seq, 42);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char key[2] = { (char)('a' + i), 0 };

		assert_string_equal(line_get(&l, key), values[i]);
	}
}

static void a_line_is_at_most_1024_bytes(void **state)
{
	char buf[2 * LINE_MAX_LEN];
	struct text t;

	(void)state;
	for (unsigned int extra = 0; extra < 2; extra++) {
		text_init(&t, buf, sizeof(buf));
		line_begin(&t, LINE_DONE, 1);
		while (t.len < LINE_MAX_LEN - LINE_CRC_LEN + extra)
			text_char(&t, 'x');
		assert_int_equal(line_end(&t), extra == 0);
	}
	text_init(&t, buf, 12);
	line_begin(&t, LINE_DONE, 1);
	assert_false(line_end(&t));
}

/*
 * Each line in docs/protocol.md that carries a CRC is one that line_parse() takes, but for
 * one in the dialogue that is answered with bad-crc.
 */
static void lines_of_the_specification_are_right(void **state)
{
	FILE *f = fopen(DOCS "/protocol.md", "r");
	char buf[2048];
	unsigned int found = 0;
	bool damaged = false;

	(void)state;
	assert_non_null(f);
	while (fgets(buf, sizeof(buf), f)) {
		char *s = buf + (strncmp(buf, "> ", 2) && strncmp(buf, "< ", 2) ? 0 : 2);
		enum line_error e;
		struct line l;

		buf[strcspn(buf, "\n")] = '\0';
		if (strlen(s) < 12 || strncmp(s + strlen(s) - 10, " *", 2) != 0 ||
		    strspn(s + strlen(s) - 8, "0123456789abcdef") != 8)
			continue;
		found++;
		if (damaged)
			assert_non_null(strstr(s, "-0 code=bad-crc field=crc "));
		e = line_parse(s, &l);
		damaged = s != buf && buf[0] == '>' && e == LINE_BAD_CRC;
		if (e && !damaged)
			fail_msg("docs/protocol.md: %s is wrong (CRC should be %08x)", s, l.crc);
	}
	fclose(f);
	assert_true(found >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_is_taken_apart),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(a_person_needs_no_crc),
		cmocka_unit_test(errors_are_distinguished),
		cmocka_unit_test(crc_must_be_there_and_right),
		cmocka_unit_test(number_of_arguments_is_bounded),
		cmocka_unit_test(bytes_become_lines),
		cmocka_unit_test(long_lines_are_reported_once),
		cmocka_unit_test(what_is_built_is_understood),
		cmocka_unit_test(a_line_is_at_most_1024_bytes),
		cmocka_unit_test(lines_of_the_specification_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
