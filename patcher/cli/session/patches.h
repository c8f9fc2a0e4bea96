/* SPDX-License-Identifier: GPL-2.0-only */
/* The patches that the hypervisor holds, and finding the one that a user names. */
#ifndef CLI_SESSION_PATCHES_H
#define CLI_SESSION_PATCHES_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"
#include "patcher/cli/session/session.h"
#include "patcher/wire/patch.h"

/* Lines of an answer (such as `list`) in a JSON array. NULL: failed, *ret is the exit code. */
json_t *session_lines(struct session *s, const char *request, uint64_t from, int *ret);

/* Which patch, as the hypervisor names it. */
struct patch_ref {
	char id[SESSION_ID_HEX + 1];
	char state[16];		/* as in `list`; "" if it is not held */
};

/**
 * patch_by_argument - what a user means by ID, NAME or FILE
 * ID: the first 16 or all 64 digits. Requests `list`. Returns CLI_OK; or an exit code, the error
 * printed.
 */
int patch_by_argument(struct session *s, const char *arg, struct patch_ref *out);

/* The same for an id; out->state stays "" if it is not held. */
int patch_by_id(struct session *s, const char *id, struct patch_ref *out);

/*
 * Id of a patch file as the wire wants it. 0, or -1 with the reason in @p. @file: its contents,
 * to be freed.
 */
int patch_file_id(const char *path, struct bytes *file, char id[SESSION_ID_HEX + 1],
		  struct problems *p);

#endif
