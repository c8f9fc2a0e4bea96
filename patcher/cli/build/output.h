/* SPDX-License-Identifier: GPL-2.0-only */
/* The name of a patch that is being made, and its file on disk. */
#ifndef CLI_BUILD_OUTPUT_H
#define CLI_BUILD_OUTPUT_H


struct build;

/* The name of a patch by that of its file: "dir/fix.patch" -> "fix". To be freed. */
char *build_default_name(const char *out);
/* Both: 0, or -1 with the reason in b->problems. The file is there as a whole or not at all. */
int build_check_name(struct build *b);
int build_write(struct build *b);

#endif
