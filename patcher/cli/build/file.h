/* SPDX-License-Identifier: GPL-2.0-only */
/* Putting the patch file together. */
#ifndef CLI_BUILD_FILE_H
#define CLI_BUILD_FILE_H


struct build;

/* Fills b->output. Returns 0, or -1 with the reason in b->problems. */
int build_file(struct build *b);

#endif
