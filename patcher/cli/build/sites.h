/* SPDX-License-Identifier: GPL-2.0-only */
/* The entries of the old functions, each checked by disassembly. */
#ifndef CLI_BUILD_SITES_H
#define CLI_BUILD_SITES_H


struct build;

/*
 * Fills b->sites and the site of each replacement, and sorts these by address. Returns 0, or -1
 * with the reasons in b->problems.
 */
int build_sites(struct build *b);

#endif
