/* SPDX-License-Identifier: GPL-2.0-only */
/* Constructs of new code that the kernel's own build would register in tables. */
#ifndef CLI_BUILD_SPECIAL_H
#define CLI_BUILD_SPECIAL_H


struct build;

/* Fills b->notes. Returns 0, or -1 with the reasons in b->problems. */
int build_special(struct build *b);

#endif
