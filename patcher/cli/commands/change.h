/* SPDX-License-Identifier: GPL-2.0-only */
/* Putting a patch into force, for the commands that do so. */
#ifndef CLI_COMMANDS_CHANGE_H
#define CLI_COMMANDS_CHANGE_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/session/session.h"

/**
 * change_apply - puts a patch file into force and reports
 * @file: all of it, checked
 * @id: its id as patch_file_id() gives it
 * A patch that is held already is not sent again; a reverted patch keeps its code and
 * its data in the hypervisor. Returns CLI_OK, or an exit code, the error printed.
 */
int change_apply(struct session *s, const struct bytes *file, const char *id);

#endif
