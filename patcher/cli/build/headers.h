/* SPDX-License-Identifier: GPL-2.0-only */
/* The headers that the source of a patch is compiled with. */
#ifndef CLI_BUILD_HEADERS_H
#define CLI_BUILD_HEADERS_H

#include <stddef.h>

struct build;

/* Both write into @folder. Return 0, or -1 with the reason in b->problems. */
int build_write_text(struct build *b, const char *folder, const char *name, const char *text,
		     size_t len);
int build_write_headers(struct build *b, const char *folder);

#endif
