/* SPDX-License-Identifier: GPL-2.0-only */
/* C sources become objects, by the kernel's own makefiles. */
#ifndef CLI_BUILD_COMPILE_H
#define CLI_BUILD_COMPILE_H

#include <stdbool.h>

struct build;

/*
 * Compiles all sources of b->inputs; fills b->version and b->compile. Returns 0, or -1 with the
 * reasons in b->problems.
 */
int build_compile(struct build *b);
/* Removes the temporary folder, unless --keep. */
void build_remove_work(struct build *b);

/* By its name: FILE.c */
bool build_is_source(const char *path);
/* The folder of a file, as it is put before a name: "" or "dir/". To be freed. */
char *build_folder_prefix(const char *path);

#endif
