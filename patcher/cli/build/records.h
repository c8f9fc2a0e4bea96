/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that SUBTEXT_SYMBOL() of the sources binds. */
#ifndef CLI_BUILD_RECORDS_H
#define CLI_BUILD_RECORDS_H


struct build;

/* Adds to b->overrides. Returns 0, or -1 with the reasons in b->problems. */
int build_symbol_records(struct build *b);

#endif
