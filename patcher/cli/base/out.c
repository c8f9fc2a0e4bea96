/* SPDX-License-Identifier: GPL-2.0-only */
/* Output of the host tool: sentences on stderr, or one JSON object on stdout. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/out.h"

void out_json_line(json_t *v)
{
	json_dumpf(v, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	fflush(stdout);
	json_decref(v);
}

int out_done(const struct cli *cli, json_t *details)
{
	json_t *o;

	if (!cli->json) {
		json_decref(details);
		return CLI_OK;
	}
	o = json_pack("{s:b}", "ok", 1);
	if (details)
		json_object_update(o, details);
	json_decref(details);
	out_json_line(o);
	return CLI_OK;
}

static json_t *problems_json(const struct problems *p, json_t *details)
{
	json_t *e = json_object();

	json_object_set_new(e, "exit", json_integer(p->exit));
	json_object_set_new(e, "code", json_string(p->code));
	json_object_set_new(e, "message", json_string(p->text[0]));
	json_object_set_new(e, "problems", json_strings(p->text, p->n));
	if (details)
		json_object_update_missing(e, details);
	return e;
}

int out_problems(const struct cli *cli, const struct problems *p, json_t *details)
{
	if (cli->json) {
		out_json_line(json_pack("{s:b,s:o}", "ok", 0, "error",
					problems_json(p, details)));
	} else {
		fflush(stdout);
		for (size_t i = 0; i < p->n; i++)
			fprintf(stderr, "subtext: %s\n", p->text[i]);
	}
	json_decref(details);
	return p->exit;
}

int out_error(const struct cli *cli, enum cli_exit exit, const char *code, const char *fmt, ...)
{
	struct problems p = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vproblem(&p, exit, code, fmt, ap);
	va_end(ap);
	out_problems(cli, &p, NULL);
	problems_free(&p);
	return exit;
}

json_t *json_hex(uint64_t v)
{
	return json_sprintf("0x%llx", (unsigned long long)v);
}

json_t *json_bytes(const uint8_t *p, size_t n)
{
	char *s = xalloc(2 * n + 1);
	json_t *j = json_string(put_hex(s, p, n));

	free(s);
	return j;
}

json_t *json_strings(char *const *text, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_string(text[i]));
	return all;
}

const char *json_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}
