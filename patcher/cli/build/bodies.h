/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's own tables have about a function that is to be replaced. */
#ifndef CLI_BUILD_BODIES_H
#define CLI_BUILD_BODIES_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/code/window.h"
#include "patcher/cli/kernel/tables.h"

/* Is @addr where the kernel's tracer is called? */
bool tables_traced(const struct kernel_tables *t, uint64_t addr);
/* Does the kernel itself forbid probes somewhere in there? */
bool tables_no_probes(const struct kernel_tables *t, uint64_t from, uint64_t size);
/* Whether an entry of the tables forbids a window there. 0, or -1 with w->why. */
int tables_check_window(const struct kernel_tables *t, struct entry_window *w);
/* Adds the list of a body (docs/patch-format.md): @size bytes of code, from the window on. */
void tables_body(const struct kernel_tables *t, const uint8_t *code, uint64_t size, uint64_t addr,
		 struct bytes *body);

#endif
