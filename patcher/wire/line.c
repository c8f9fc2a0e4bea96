/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of the console protocol: see line.h and docs/protocol.md. */
#include "patcher/wire/line.h"
#include "patcher/wire/crc32.h"
#include "patcher/wire/mem.h"

static const struct {
	const char *name, *field;
} errors[] = {
	[LINE_OK] = { "ok", "line" },
	[LINE_EMPTY] = { "empty", "line" },
	[LINE_TOO_LONG] = { "too-long", "line" },
	[LINE_BAD_BYTE] = { "bad-byte", "line" },
	[LINE_NO_CRC] = { "no-crc", "crc" },
	[LINE_BAD_CRC] = { "bad-crc", "crc" },
	[LINE_BAD_SEQ] = { "bad-seq", "seq" },
	[LINE_TOO_MANY_ARGS] = { "too-many-args", "args" },
	[LINE_NO_VERB] = { "no-verb", "verb" },
	[LINE_BAD_KEY] = { "bad-key", "args" },
};

const char *line_error_name(enum line_error e)
{
	return (unsigned int)e < sizeof(errors) / sizeof(errors[0]) ? errors[e].name : "unknown";
}

const char *line_error_field(enum line_error e)
{
	return (unsigned int)e < sizeof(errors) / sizeof(errors[0]) ? errors[e].field : "line";
}

bool line_feed(struct line_reader *r, char c, enum line_error *error)
{
	if (c != '\n' && c != '\r') {
		/* A NUL would end the string before the line does: \1 is a bad byte as well. */
		if (r->len < LINE_MAX_LEN)
			r->buf[r->len++] = c ? c : '\1';
		else
			r->overflow = true;
		return false;
	}
	if (!r->len)
		return false;
	*error = r->overflow ? LINE_TOO_LONG : LINE_OK;
	r->buf[r->len] = '\0';
	r->len = 0;
	r->overflow = false;
	return true;
}

/* Compares the CRC and cuts it off. */
static enum line_error check_crc(char *s, size_t len, struct line *out)
{
	uint64_t crc;

	if (len < LINE_CRC_LEN || memcmp(s + len - LINE_CRC_LEN, " *", 2) != 0) {
		out->crc = crc32_update(0, s, len);
		return out->kind == LINE_PERSON ? LINE_OK : LINE_NO_CRC;
	}
	for (size_t i = len - 8; i < len; i++)
		if (s[i] >= 'A' && s[i] <= 'F')
			return LINE_BAD_CRC;
	out->crc = crc32_update(0, s, len - LINE_CRC_LEN);
	if (!text_parse_hex(s + len - 8, &crc) || crc != out->crc)
		return LINE_BAD_CRC;
	s[len - LINE_CRC_LEN] = '\0';
	return LINE_OK;
}

/* Reads a decimal number up to a blank or the end; moves *@p behind it. */
static bool take_number(char **p, uint32_t *n)
{
	uint64_t v = 0;
	char *s = *p;

	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > UINT32_MAX)
			return false;
	}
	if (s == *p || (*s && *s != ' '))
		return false;
	*p = s;
	*n = (uint32_t)v;
	return true;
}

/* Undoes the quotes of the value at @s in place. Returns what follows it, or NULL. */
static char *take_quoted(char *s)
{
	char *to = s, *from = s + 1;

	/* Up to a quote that is not followed by another one. */
	while (*from && (from[0] != '"' || from[1] == '"')) {
		if (*from == '"')
			from++;
		*to++ = *from++;
	}
	if (!*from++ || (*from && *from != ' '))
		return NULL;
	if (*from)
		from++;
	*to = '\0';
	return from;
}

/* Ends the value at @s with a NUL. Returns what follows it, or NULL. */
static char *take_value(char *s)
{
	if (*s == '"')
		return take_quoted(s);
	for (; *s && *s != ' '; s++)
		if (*s == '"')
			return NULL;
	if (*s)
		*s++ = '\0';
	return s;
}

/* Reads the word or key=value at *@p, which is neither a blank nor the end. */
static enum line_error take_arg(char **p, struct line_arg *arg)
{
	char *s = *p;

	arg->key = "";
	arg->value = s;
	while (*s && *s != ' ' && *s != '=' && *s != '"')
		s++;
	if (*s == '=') {
		if (s == *p)
			return LINE_BAD_KEY;
		*s = '\0';
		arg->key = *p;
		arg->value = s + 1;
	}
	*p = take_value((char *)arg->value);
	return *p ? LINE_OK : LINE_BAD_BYTE;
}

static enum line_error take_args(char *s, struct line *out)
{
	enum line_error e;

	for (;;) {
		while (*s == ' ')
			s++;
		if (!*s)
			return LINE_OK;
		if (out->nargs == LINE_MAX_ARGS)
			return LINE_TOO_MANY_ARGS;
		e = take_arg(&s, &out->args[out->nargs]);
		if (e)
			return e;
		out->nargs++;
	}
}

static enum line_kind kind_of(char c)
{
	return c == LINE_REQUEST || c == LINE_DONE || c == LINE_REFUSED || c == LINE_PART ||
		c == LINE_EVENT ? (enum line_kind)c : LINE_PERSON;
}

/* Takes the verb, the first word, of a request or an event. */
static enum line_error take_verb(struct line *out)
{
	if (!out->nargs || out->args[0].key[0] || !out->args[0].value[0])
		return LINE_NO_VERB;
	out->verb = out->args[0].value;
	out->nargs--;
	memmove(out->args, out->args + 1, out->nargs * sizeof(out->args[0]));
	return LINE_OK;
}

enum line_error line_parse(char *s, struct line *out)
{
	size_t len = strlen(s);
	enum line_error e;

	memset(out, 0, sizeof(*out));
	out->verb = "";
	out->kind = kind_of(*s);
	if (len > LINE_MAX_LEN)
		return LINE_TOO_LONG;
	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return LINE_BAD_BYTE;
	e = check_crc(s, len, out);
	if (e)
		return e;
	if (out->kind != LINE_PERSON) {
		s++;
		if (!take_number(&s, &out->seq) || (out->kind == LINE_REQUEST && !out->seq))
			return LINE_BAD_SEQ;
	}
	e = take_args(s, out);
	if (e)
		return e;
	if (out->kind == LINE_PERSON && !out->nargs)
		return LINE_EMPTY;
	if (out->kind == LINE_DONE || out->kind == LINE_REFUSED || out->kind == LINE_PART)
		return LINE_OK;
	return take_verb(out);
}

uint32_t line_next_seq(uint32_t seq)
{
	return seq == UINT32_MAX ? 1 : seq + 1;
}

const char *line_get(const struct line *l, const char *key)
{
	for (unsigned int i = 0; i < l->nargs; i++)
		if (text_same(l->args[i].key, key))
			return l->args[i].value;
	return NULL;
}

void line_begin(struct text *t, enum line_kind kind, uint32_t seq)
{
	text_char(t, (char)kind);
	text_number(t, seq, 10, 1);
}

bool line_end(struct text *t)
{
	uint32_t crc = crc32_update(0, t->buf, t->len);

	text_str(t, " *");
	text_number(t, crc, 16, 8);
	text_char(t, '\n');
	return !t->cut && t->len <= LINE_MAX_LEN + 1;
}
