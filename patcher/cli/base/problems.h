/* SPDX-License-Identifier: GPL-2.0-only */
/* Reasons why a command fails, gathered until the command ends and prints them (base/out.h). */
#ifndef CLI_BASE_PROBLEMS_H
#define CLI_BASE_PROBLEMS_H

#include <stdarg.h>
#include <stddef.h>
#include "patcher/cli/base/cli.h"

/*
 * An exit code, a word for programs, sentences for people. Several sentences may be gathered, so
 * that a user can repair everything at once. Zero it to start.
 */
struct problems {
	enum cli_exit exit;
	const char *code;	/* such as "undefined-symbol"; the first one is kept */
	char **text;
	size_t n;
};

/*
 * Adds a sentence (printf style) to @p, unless @p has it already. Always returns -1, so that
 * callers can return it.
 */
int problem(struct problems *p, enum cli_exit exit, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int vproblem(struct problems *p, enum cli_exit exit, const char *code, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));
void problems_free(struct problems *p);

#endif
