/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and strings. All of these end the program with CLI_INTERNAL when memory is out. */
#ifndef CLI_BASE_MEMORY_H
#define CLI_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

/* Zeroed memory; to be freed. */
void *xalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);

/* A string in the way of printf; to be freed. */
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

#endif
