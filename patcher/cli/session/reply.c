/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and values of the hypervisor's answers, as JSON and as sentences. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/session/reply.h"
#include "patcher/wire/line.h"
#include "patcher/wire/text.h"

/* Keys whose values may look like numbers but are names or bytes. */
static const char *const names[] = {
	"id", "name", "symbol", "version", "nonce", "expected", "found", "bytes", "build_id",
	"crc", "state", "what", "field", "code", "owner",
};

static bool in_list(const char *const *list, const char *key)
{
	for (; list && *list; list++)
		if (!strcmp(*list, key))
			return true;
	return false;
}

json_t *value_json(const char *key, const char *value)
{
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], key))
			return json_string(value);
	/* JSON readers often take numbers for doubles: large ones stay text. */
	if (!strncmp(value, "0x", 2) || !text_parse_u64(value, &v) || v > 1ull << 53)
		return json_string(value);
	return json_integer((json_int_t)v);
}

json_t *line_json(const struct line *l, const char *const *skip)
{
	json_t *o = json_object(), *words = NULL;

	for (unsigned int i = 0; i < l->nargs; i++) {
		const struct line_arg *a = &l->args[i];

		if (a->key[0] && !in_list(skip, a->key)) {
			json_object_set_new(o, a->key, value_json(a->key, a->value));
		} else if (!a->key[0]) {
			words = words ? words : json_array();
			json_array_append_new(words, json_string(a->value));
		}
	}
	if (words)
		json_object_set_new(o, "words", words);
	return o;
}

/* ---- refusals ---- */

/*
 * A sentence for each code of a refusal, with what the user can do if there is something; {key}
 * stands for the value of a key. docs/protocol.md has the codes. For other codes, all keys of the
 * hypervisor's answer are shown.
 */
static const struct {
	const char *code, *sentence;
} sentences[] = {
	{ "bad-patch",	"the patch file is bad: {field}: {what}" },
	{ "no-anchor",	"the guest has not set up its system calls yet; try again when it runs" },
	{ "build-id",	"the patch is for another kernel: at {address} is build-id {found}, the "
			"patch wants {expected}" },
	{ "unmapped",	"the guest does not map {symbol} at {address}" },
	{ "bytes",	"{symbol} at {address} is not what the patch expects: expected {expected}, "
			"found {found}. Something else has changed this function" },
	{ "window",	"the window of {symbol} at {address} is not one instruction" },
	{ "overlap",	"{symbol} at {address} is patched already, by {owner}; revert that first" },
	{ "range",	"a jump or an address does not reach: {symbol} at {address}" },
	{ "annex",	"there is no room for the new code near the kernel" },
	{ "memory",	"the hypervisor's memory is used up; revert other patches first" },
	{ "late-cpu",	"CPU {cpu} did not stop in time; nothing was changed, try again" },
	{ "straggler",	"CPU {cpu} is inside the window of {symbol}, at {rip}, and does not leave; "
			"nothing was changed, try again" },
	{ "changed",	"the guest changed {symbol} at {address} between check and commit; try "
			"again" },
	{ "state",	"the patch is not in a state for that: {what}" },
	{ "busy",	"another transaction is under way; wait for it or use `subtext abort'" },
	{ "full",	"the hypervisor holds as many patches as it can" },
	{ "aborted",	"it was aborted; nothing was changed" },
	{ "bad-arg",	"{field}: {what}" },
	{ "unknown-verb", "this hypervisor does not know the command" },
};

static const char *find_sentence(const char *code)
{
	for (size_t i = 0; code && i < ARRAY_SIZE(sentences); i++)
		if (!strcmp(sentences[i].code, code))
			return sentences[i].sentence;
	return NULL;
}

/* True if the line has all keys that the sentence wants. */
static bool has_keys(const struct line *l, const char *s)
{
	char key[32];

	while ((s = strchr(s, '{'))) {
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(s + 1, "}"), s + 1);
		if (!line_get(l, key))
			return false;
		s++;
	}
	return true;
}

/* Writes the value of the key that @s begins with; returns what follows "key}". */
static const char *put_key(FILE *f, const struct line *l, const char *s)
{
	size_t n = strcspn(s, "}");
	char key[32];

	snprintf(key, sizeof(key), "%.*s", (int)n, s);
	fputs(line_get(l, key), f);
	return s + n + 1;
}

static void put_sentence(FILE *f, const struct line *l, const char *s)
{
	while (*s) {
		if (*s == '{')
			s = put_key(f, l, s + 1);
		else
			fputc(*s++, f);
	}
}

/* "code range, symbol check, address 0x..." */
static void put_all(FILE *f, const struct line *l)
{
	for (unsigned int i = 0; i < l->nargs; i++)
		fprintf(f, "%s%s%s%s", i ? ", " : "", l->args[i].key,
			l->args[i].key[0] ? " " : "", l->args[i].value);
}

char *refusal_sentence(const struct line *l)
{
	const char *s = find_sentence(line_get(l, "code")), *what = line_get(l, "what");
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	if (!f)
		return xstrdup("out of memory");
	if (s && has_keys(l, s)) {
		put_sentence(f, l, s);
		if (what && !strstr(s, "{what}"))
			fprintf(f, " (%s)", what);
	} else {
		put_all(f, l);
	}
	fclose(f);
	return out;
}

/* ---- text ---- */

static void print_value(FILE *f, const json_t *v)
{
	char *s;

	if (json_is_string(v)) {
		fputs(json_string_value(v), f);
		return;
	}
	s = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	fputs(s ? s : "", f);
	free(s);
}

void print_keys(const json_t *o)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)o, key, v) {
		printf("%s:%*s", key, (int)(strlen(key) < 16 ? 16 - strlen(key) : 1), "");
		print_value(stdout, v);
		putchar('\n');
	}
}

void print_rest(FILE *f, const json_t *o, const char *const *skip)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)o, key, v) {
		if (in_list(skip, key))
			continue;
		fprintf(f, " %s=", key);
		print_value(f, v);
	}
}

/* ---- events ---- */

json_t *event_json(const struct line *l)
{
	json_t *o = json_pack("{s:I,s:s}", "event", (json_int_t)l->seq, "kind", l->verb);
	json_t *keys = line_json(l, NULL);

	json_object_update_missing(o, keys);
	json_decref(keys);
	return o;
}

void print_event(FILE *f, const struct line *l)
{
	json_t *keys = line_json(l, NULL);

	fprintf(f, "%u %s", l->seq, l->verb);
	print_rest(f, keys, NULL);
	fputc('\n', f);
	fflush(f);
	json_decref(keys);
}
