/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether anything else in the kernel leads into a window. */
#ifndef CLI_BUILD_INBOUND_H
#define CLI_BUILD_INBOUND_H


struct build;

/* Checks all sites of b->replace, sorted by address. 0, or -1 with the reasons in b->problems. */
int build_check_inbound(struct build *b);

#endif
