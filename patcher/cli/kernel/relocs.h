/* SPDX-License-Identifier: GPL-2.0-only */
/* Which bytes of a kernel depend on the address it runs at. */
#ifndef CLI_KERNEL_RELOCS_H
#define CLI_KERNEL_RELOCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/cli/base/problems.h"

struct kernel;

/* A field to which the kernel's loader adds the slide (from a per-CPU field it subtracts it). */
struct kernel_reloc {
	uint64_t addr;
	uint8_t width;		/* 4 or 8 bytes */
};

/* Fills k->relocs; k->file and k->image are open. Returns 0, or -1 with the reason in @p. */
int kernel_load_relocs(struct kernel *k, struct problems *p);

/* True if the loader (or the kernel itself) relocates a byte of [addr, addr + len). */
bool kernel_relocates(const struct kernel *k, uint64_t addr, size_t len);

#endif
