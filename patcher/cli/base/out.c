/* SPDX-License-Identifier: GPL-2.0-only */
/* How the host tool says things: sentences on stderr, or one JSON object on stdout. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/cli.h"

/* Consumes @text. What was said once is not said again. */
static int add_problem(struct problems *p, enum cli_exit exit, const char *code, char *text)
{
	for (size_t i = 0; i < p->n; i++) {
		if (!strcmp(p->text[i], text)) {
			free(text);
			return -1;
		}
	}
	if (p->n == 0) {
		p->exit = exit;
		p->code = code;
	}
	p->text = xrealloc(p->text, (p->n + 1) * sizeof(*p->text));
	p->text[p->n++] = text;
	return -1;
}

static char *vformat(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0) {
		fputs("subtext: out of memory\n", stderr);
		exit(CLI_INTERNAL);
	}
	return s;
}

int problem(struct problems *p, enum cli_exit exit, const char *code, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	return add_problem(p, exit, code, s);
}

void problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->text[i]);
	free(p->text);
	memset(p, 0, sizeof(*p));
}

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
	json_t *e = json_object(), *all = json_array();

	json_object_set_new(e, "exit", json_integer(p->exit));
	json_object_set_new(e, "code", json_string(p->code));
	json_object_set_new(e, "message", json_string(p->text[0]));
	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(all, json_string(p->text[i]));
	json_object_set_new(e, "problems", all);
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
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	add_problem(&p, exit, code, s);
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
	json_t *j;

	for (size_t i = 0; i < n; i++)
		sprintf(s + 2 * i, "%02x", p[i]);
	j = json_string(s);
	free(s);
	return j;
}

char *xprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vformat(fmt, ap);
	va_end(ap);
	return s;
}
