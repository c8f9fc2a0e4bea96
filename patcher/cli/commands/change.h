/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands that put a patch into force have in common. */
#ifndef CLI_CHANGE_H
#define CLI_CHANGE_H

#include "patcher/cli/session/session.h"

/**
 * change_apply - puts a patch file into force and reports
 * @file: all of it, checked
 * @id: its id as patch_file_id() gives it
 * What is held already does not cross the line again; a reverted patch keeps its code and
 * its data in the hypervisor. Returns CLI_OK, or an exit code, everything said.
 */
int change_apply(struct session *s, const struct bytes *file, const char *id);

#endif
