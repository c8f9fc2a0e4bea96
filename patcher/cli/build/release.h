/* SPDX-License-Identifier: GPL-2.0-only */
/* Which Linux a kernel is, by its banner, and where its headers are. */
#ifndef CLI_BUILD_RELEASE_H
#define CLI_BUILD_RELEASE_H

#include <stdbool.h>

struct build;

/* Fills b->version; a kernel without a banner is an error only if that is @needed. 0 or -1. */
int build_release(struct build *b, bool needed);
/* b->compile.headers: --headers, or where distributions have them; for b->version. 0 or -1. */
int build_find_headers(struct build *b);
/* Warns if @compiler, a string of .comment, is not the one of the banner. @what: an object. */
void build_check_compiler(struct build *b, const char *what, const char *compiler);

#endif
