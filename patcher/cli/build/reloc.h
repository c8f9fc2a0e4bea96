/* SPDX-License-Identifier: GPL-2.0-only */
/* Relocations of the new code: filled in, or made fixups of the patch. */
#ifndef CLI_BUILD_RELOC_H
#define CLI_BUILD_RELOC_H


struct build;

/* Fills b->fixups. Returns 0, or -1 with the reasons in b->problems. */
int build_relocate(struct build *b);

#endif
