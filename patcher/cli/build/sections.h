/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to each section of the object files. */
#ifndef CLI_BUILD_SECTIONS_H
#define CLI_BUILD_SECTIONS_H


#define REPLACE_SECTION ".subtext.replace"
#define SYMBOLS_SECTION ".subtext.symbols"
#define MARKS_SECTION ".subtext.marks"
#define FEATURES_SECTION ".subtext.features"

struct build;

/* Fills b->payload and the places of all objects. 0, or -1 with the reasons in b->problems. */
int build_layout(struct build *b);

#endif
