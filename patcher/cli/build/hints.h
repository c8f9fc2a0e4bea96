/* SPDX-License-Identifier: GPL-2.0-only */
/* Sentences about names that compilers make out of other names. */
#ifndef CLI_BUILD_HINTS_H
#define CLI_BUILD_HINTS_H

#include "patcher/cli/build/object.h"
#include "patcher/cli/kernel/symbols.h"

struct build;

/* Both add a problem that names what may be meant. Always -1. */
int hint_no_old(struct build *b, const char *name);
int hint_undefined(struct build *b, const struct object *o, const char *name);
/* Warns of copies of a function that is replaced. */
void hint_copies(struct build *b, const struct kernel_symbol *s);

#endif
