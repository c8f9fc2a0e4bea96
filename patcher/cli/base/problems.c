/* SPDX-License-Identifier: GPL-2.0-only */
/* Gathering the reasons why a command fails. */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/problems.h"

int vproblem(struct problems *p, enum cli_exit exit, const char *code, const char *fmt, va_list ap)
{
	char *text = xvprintf(fmt, ap);

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
	*ARRAY_ADD(p->text, p->n) = text;
	return -1;
}

int problem(struct problems *p, enum cli_exit exit, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vproblem(p, exit, code, fmt, ap);
	va_end(ap);
	return -1;
}

void problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->text[i]);
	free(p->text);
	memset(p, 0, sizeof(*p));
}
