/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes into the line reader and the line parser, as they are and with the
 * CRC that makes them pass. What was understood and written again is the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/wire/crc32.h"
#include "patcher/wire/line.h"

static void check(int ok)
{
	if (!ok)
		abort();
}

/* Strings lie in @s, ended by a NUL. */
static void check_strings(const struct line *l, const char *s, size_t size)
{
	for (unsigned int i = 0; i < l->nargs; i++) {
		const char *v = l->args[i].value;

		check(v >= s && v < s + size && v + strlen(v) < s + size);
		check(!l->args[i].key[0] || (l->args[i].key >= s && l->args[i].key < v));
	}
}

static void write_again(const struct line *l)
{
	char buf[4 * LINE_MAX_LEN];
	struct text t;
	struct line again;

	text_init(&t, buf, sizeof(buf));
	if (l->kind != LINE_PERSON)
		line_begin(&t, l->kind, l->seq);
	if (l->verb[0]) {
		text_char(&t, ' ');
		text_str(&t, l->verb);
	}
	for (unsigned int i = 0; i < l->nargs; i++)
		if (l->args[i].key[0])
			text_format(&t, " %s=%s", l->args[i].key, l->args[i].value);
	if (!line_end(&t) || strpbrk(l->verb, " \"=*"))
		return;
	buf[t.len - 1] = '\0';
	if (l->kind == LINE_PERSON)
		return;
	check(line_parse(buf, &again) == LINE_OK);
	check(again.kind == l->kind && again.seq == l->seq && !strcmp(again.verb, l->verb));
	for (unsigned int i = 0, k = 0; i < l->nargs; i++) {
		if (!l->args[i].key[0])
			continue;
		check(!strcmp(again.args[k].key, l->args[i].key));
		check(!strcmp(again.args[k++].value, l->args[i].value));
	}
}

static void parse(const char *text, int seal)
{
	size_t len = strlen(text), size = len + 16;
	char *s = malloc(size);
	struct line l;
	enum line_error e;

	strcpy(s, text);
	if (seal)
		sprintf(s + len, " *%08x", crc32_update(0, text, len));
	e = line_parse(s, &l);
	check(line_error_name(e)[0] && line_error_field(e)[0]);
	if (!e) {
		check(l.nargs <= LINE_MAX_ARGS);
		check_strings(&l, s, size);
		write_again(&l);
	}
	free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line_reader r = { 0 };
	enum line_error e = LINE_OK;

	for (size_t i = 0; i < size; i++) {
		if (!line_feed(&r, (char)data[i], &e))
			continue;
		check(strlen(r.buf) <= LINE_MAX_LEN);
		check(e == LINE_OK || e == LINE_TOO_LONG);
		parse(r.buf, 0);
		parse(r.buf, 1);
	}
	return 0;
}
