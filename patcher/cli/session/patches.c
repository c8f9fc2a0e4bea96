/* SPDX-License-Identifier: GPL-2.0-only */
/* The patches that the hypervisor holds, and finding the one that a user names. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "patcher/cli/base/out.h"
#include "patcher/cli/inspect/inspect.h"
#include "patcher/cli/session/patches.h"
#include "patcher/cli/session/reply.h"
#include "patcher/cli/session/session.h"

static void gather(void *arg, const struct line *l)
{
	static const char *const skip[] = { "i", "next", NULL };

	json_array_append_new(arg, line_json(l, skip));
}

json_t *session_lines(struct session *s, const char *request, uint64_t from, int *ret)
{
	json_t *all = json_array();
	enum client_result r = client_lines(&s->client, request, from, gather, all);

	*ret = CLI_OK;
	if (r == CLIENT_DONE)
		return all;
	json_decref(all);
	*ret = session_failed(s, r);
	return NULL;
}

int patch_file_id(const char *path, struct bytes *file, char id[SESSION_ID_HEX + 1],
		  struct problems *p)
{
	struct inspection in = { 0 };
	const struct patch_header *h;

	memset(file, 0, sizeof(*file));
	if (inspect_open(&in, path, p)) {
		inspect_close(&in);
		return -1;
	}
	h = in.patch.header;
	put_hex(id, h->id, SESSION_ID_HEX / 2);
	*file = in.file;
	return 0;
}

static bool is_id(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	return !s[n] && (n == SESSION_ID_HEX || n == 64);
}

static void take(struct patch_ref *out, const json_t *entry)
{
	snprintf(out->id, sizeof(out->id), "%s", json_str(entry, "id"));
	snprintf(out->state, sizeof(out->state), "%s", json_str(entry, "state"));
}

int patch_by_id(struct session *s, const char *id, struct patch_ref *out)
{
	const json_t *entry;
	json_t *all;
	size_t i;
	int ret;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < SESSION_ID_HEX && id[i]; i++)
		out->id[i] = (char)tolower((unsigned char)id[i]);
	all = session_lines(s, "list", 0, &ret);
	if (!all)
		return ret;
	json_array_foreach(all, i, entry)
		if (!strcmp(json_str(entry, "id"), out->id))
			take(out, entry);
	json_decref(all);
	return CLI_OK;
}

/* *found is set to the number of patches of that name, @out to the last of them. */
static int by_name(struct session *s, const char *name, struct patch_ref *out, unsigned int *found)
{
	const json_t *entry;
	json_t *all;
	size_t i;
	int ret;

	*found = 0;
	all = session_lines(s, "list", 0, &ret);
	if (!all)
		return ret;
	json_array_foreach(all, i, entry) {
		if (strcmp(json_str(entry, "name"), name))
			continue;
		take(out, entry);
		++*found;
	}
	json_decref(all);
	return CLI_OK;
}

static int by_file(struct session *s, const char *path, struct patch_ref *out)
{
	struct problems p = { 0 };
	struct bytes file;
	char id[SESSION_ID_HEX + 1] = "";
	int ret;

	if (patch_file_id(path, &file, id, &p)) {
		ret = out_problems(s->cli, &p, NULL);
		problems_free(&p);
		return ret;
	}
	free(file.data);
	return patch_by_id(s, id, out);
}

/* "fix.patch" and "./fix" are files; a bare name is a patch's name first. */
static bool looks_like_file(const char *arg)
{
	size_t n = strlen(arg);

	return strchr(arg, '/') || (n > 6 && !strcmp(arg + n - 6, ".patch"));
}

int patch_by_argument(struct session *s, const char *arg, struct patch_ref *out)
{
	unsigned int found;
	int ret;

	memset(out, 0, sizeof(*out));
	if (is_id(arg))
		return patch_by_id(s, arg, out);
	if (looks_like_file(arg))
		return by_file(s, arg, out);
	ret = by_name(s, arg, out, &found);
	if (ret)
		return ret;
	if (found == 1)
		return CLI_OK;
	if (found > 1)
		return out_error(s->cli, CLI_REFUSED, "ambiguous-name", "%u patches are called "
				 "'%s'; name one by its id (`subtext list')", found, arg);
	if (!access(arg, R_OK))
		return by_file(s, arg, out);
	return out_error(s->cli, CLI_REFUSED, "unknown-patch", "the hypervisor holds no patch "
			 "called '%s', and there is no such file; `subtext list' shows what it "
			 "holds", arg);
}
