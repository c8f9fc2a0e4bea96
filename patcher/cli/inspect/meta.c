/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of a patch's meta that `subtext build` writes: names of functions and of the kernel's
 * symbols, what became of special sections. A file may have any origin, so nothing here trusts
 * them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "patcher/cli/base/out.h"
#include "patcher/cli/inspect/inspect.h"
#include "patcher/cli/inspect/meta.h"

#define LINE_MAX 1024

bool meta_next(const struct inspection *in, struct meta_line *l)
{
	const char *s = in->patch.meta;
	size_t size = in->patch.header->meta.size, len;
	const char *nl;

	if (!s || l->at >= size)
		return false;
	nl = memchr(s + l->at, '\n', size - l->at);
	len = nl ? (size_t)(nl - s) - l->at : size - l->at;
	l->text = s + l->at;
	l->len = len;
	l->at += len + 1;
	return true;
}

/* The part behind "KEY=", cut to what fits; false for other lines. */
static bool value_of(const struct meta_line *l, const char *key, char *value)
{
	size_t n = strlen(key);

	if (l->len <= n || strncmp(l->text, key, n) || l->text[n] != '=')
		return false;
	snprintf(value, LINE_MAX, "%.*s", (int)(l->len - n - 1), l->text + n + 1);
	return true;
}

bool meta_symbol(const struct meta_line *l, const char *key, struct meta_symbol *out)
{
	char value[LINE_MAX];

	return value_of(l, key, value) &&
		sscanf(value, "%255s %" SCNx64 " %" SCNx64, out->name, &out->at, &out->size) == 3;
}

bool meta_find(const struct inspection *in, const char *key, uint64_t at, struct meta_symbol *out)
{
	struct meta_line l = { 0 };

	while (meta_next(in, &l))
		if (meta_symbol(&l, key, out) && out->at == at)
			return true;
	return false;
}

bool meta_around(const struct inspection *in, uint64_t at, struct meta_symbol *out)
{
	struct meta_line l = { 0 };

	while (meta_next(in, &l)) {
		if (!meta_symbol(&l, "uses", out) && !meta_symbol(&l, "uses-absolute", out) &&
		    !meta_symbol(&l, "replaces", out))
			continue;
		if (at == out->at || (at > out->at && at - out->at < out->size))
			return true;
	}
	return false;
}

json_t *meta_value(const struct inspection *in, const char *key)
{
	struct meta_line l = { 0 };
	char value[LINE_MAX];
	json_t *s;

	while (meta_next(in, &l))
		if (value_of(&l, key, value)) {
			s = json_string(value);
			return s ? s : json_string("(not UTF-8)");
		}
	return json_null();
}

/* "special=WHAT HOW COUNT WHY" */
json_t *meta_special(const struct inspection *in)
{
	char value[LINE_MAX], what[64], how[64];
	struct meta_line l = { 0 };
	json_t *all = json_array();
	int n, why = 0;

	while (meta_next(in, &l)) {
		if (!value_of(&l, "special", value) ||
		    sscanf(value, "%63s %63s %d %n", what, how, &n, &why) != 3 || !why)
			continue;
		json_array_append_new(all, json_pack("{s:s,s:s,s:i,s:s}", "what", what, "how", how,
						     "count", n, "why", value + why));
	}
	return all;
}

json_t *meta_uses(const struct inspection *in)
{
	struct meta_line l = { 0 };
	struct meta_symbol s;
	json_t *all = json_array();

	while (meta_next(in, &l)) {
		bool absolute = meta_symbol(&l, "uses-absolute", &s);

		if (!absolute && !meta_symbol(&l, "uses", &s))
			continue;
		json_array_append_new(all, json_pack("{s:s,s:o,s:o,s:b}", "symbol", s.name,
						     "address", json_hex(s.at), "size",
						     json_integer((json_int_t)s.size),
						     "absolute", absolute));
	}
	return all;
}
