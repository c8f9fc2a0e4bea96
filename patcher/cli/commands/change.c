/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that change something: apply, revert, abort, set. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/base/progress.h"
#include "patcher/cli/commands/change.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/session/patches.h"
#include "patcher/cli/session/reply.h"
#include "patcher/cli/session/session.h"
#include "patcher/wire/patch.h"

/* "applied fix (0123456789abcdef): sites=1 cpus=2; all CPUs stopped for 12.3 us" */
static void print_report(const struct session *s, const char *what, const json_t *o)
{
	static const char *const skip[] = { "name", "id", "pause_tsc", "pause_ns", NULL };
	const char *name = client_get(&s->client, "name"), *id = client_get(&s->client, "id");
	const json_t *ns = json_object_get(o, "pause_ns");

	printf("%s%s%s", what, name ? " " : "", name ? name : "");
	if (id)
		printf(" (%s):", id);
	print_rest(stdout, o, skip);
	if (ns)
		printf("; all CPUs stopped for %.1f us", (double)json_integer_value(ns) / 1000);
	putchar('\n');
}

/* Ends a command that changed something. */
static int report(struct session *s, const char *what)
{
	json_t *o = line_json(&s->client.reply, NULL);

	if (!s->cli->json)
		print_report(s, what, o);
	return out_done(s->cli, o);
}

static int request_and_report(struct session *s, const char *request, const char *what)
{
	int ret = session_request(s, request);

	return ret ? ret : report(s, what);
}

/* ---- apply ---- */

struct apply_args {
	const char *file;		/* the argument; first, for take_patch() */
	const char *id;
	struct bytes contents;		/* of the file, and its id */
	char file_id[SESSION_ID_HEX + 1];
};

static const struct args_option apply_options[] = {
	{ "id", 'i', "PATCH",
	  "Apply again what the hypervisor still holds (ID, NAME or FILE), without an upload",
	  ARGS_TEXT, ARGS_FIELD(struct apply_args, id) },
	{ 0 }
};

static void take_patch(struct argp_state *state, void *input, const char *arg)
{
	args_one(state, input, arg, "patch");
}

static void check_apply(struct argp_state *state, const void *input)
{
	const struct apply_args *a = input;

	if (!a->file == !a->id)
		argp_error(state, "give either a patch file or --id");
}

static const struct args_spec apply_spec = {
	.options = apply_options,
	.argument = take_patch,
	.check = check_apply,
	.usage = "FILE\n--id PATCH",
	.doc = "Puts a patch into force on all CPUs at once, or not at all."
	       "\vInterrupting it (Ctrl-C) aborts as long as the patch is not in force yet.",
};

static void show_upload(void *arg, size_t done, size_t of)
{
	const struct session *s = arg;

	progress_show(s->cli, "upload", done, of);
}

static int apply_held(struct session *s, const char *id)
{
	char request[64];

	snprintf(request, sizeof(request), "apply id=%s", id);
	return request_and_report(s, request, "applied");
}

/* "slide=0x..." of the notes in a patch file. False if there is none. */
static bool noted_slide(const struct patch *p, uint64_t *slide)
{
	static const char key[] = "slide=";
	const char *at = p->meta, *end = at ? at + p->header->meta.size : NULL, *eol;
	char value[24];
	bool found = false;

	for (; at < end && !found; at = eol + 1) {
		eol = memchr(at, '\n', (size_t)(end - at));
		if (!eol)
			return false;
		if (strncmp(at, key, strlen(key)))
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)(eol - at - strlen(key)),
			 at + strlen(key));
		found = text_parse_u64(value, slide);
	}
	return found;
}

/*
 * A patch with addresses of loaded modules is for one boot of the guest; in another one they
 * would lead anywhere.
 */
static int check_boot(struct session *s, const struct bytes *file)
{
	uint64_t slide, lstar;
	struct patch_error err;
	struct patch p;
	const char *v;
	int ret;

	if (patch_parse(file->data, file->len, &p, &err) || !noted_slide(&p, &slide))
		return CLI_OK;
	ret = session_request(s, "info");
	if (ret)
		return ret;
	v = client_get(&s->client, "lstar");
	if (!v || !text_parse_u64(v, &lstar) || lstar == p.header->anchor + slide)
		return CLI_OK;
	return out_error(s->cli, CLI_INPUT, "other-boot", "the addresses of modules in this patch "
			 "are from another boot of the guest: its kernel was 0x%" PRIx64 " above its "
			 "link-time address then, and is 0x%" PRIx64 " now", slide,
			 lstar - p.header->anchor);
}

int change_apply(struct session *s, const struct bytes *file, const char *id)
{
	struct patch_ref ref;
	enum client_result r;
	int ret = check_boot(s, file);

	if (!ret)
		ret = patch_by_id(s, id, &ref);
	if (ret)
		return ret;
	if (*ref.state)
		return apply_held(s, ref.id);
	r = client_upload(&s->client, file->data, file->len, show_upload, s);
	if (r != CLIENT_DONE)
		return session_failed(s, r);
	return request_and_report(s, "apply", "applied");
}

static int apply(struct session *s, void *arg)
{
	const struct apply_args *a = arg;
	struct patch_ref ref;
	int ret;

	if (a->file)
		return change_apply(s, &a->contents, a->file_id);
	ret = patch_by_argument(s, a->id, &ref);
	return ret ? ret : apply_held(s, ref.id);
}

int cmd_apply(struct cli *cli, int argc, char **argv)
{
	struct apply_args a = { 0 };
	struct problems p = { 0 };
	int ret;

	args_parse(&apply_spec, cli, argc, argv, &a);
	/* A bad file is refused before anything is connected. */
	if (a.file && patch_file_id(a.file, &a.contents, a.file_id, &p))
		ret = out_problems(cli, &p, NULL);
	else
		ret = session_run(cli, apply, &a);
	free(a.contents.data);
	problems_free(&p);
	return ret;
}

/* ---- revert ---- */

struct revert_args {
	const char *patch;
};

static void check_revert(struct argp_state *state, const void *input)
{
	const struct revert_args *a = input;

	if (!a->patch)
		argp_error(state, "which patch?");
}

static const struct args_spec revert_spec = {
	.argument = take_patch,
	.check = check_revert,
	.usage = "ID|NAME|FILE",
	.doc = "Takes a patch back: the guest runs its own code again, on all CPUs at once.",
};

static int revert(struct session *s, void *arg)
{
	const struct revert_args *a = arg;
	struct patch_ref ref;
	char request[64];
	int ret = patch_by_argument(s, a->patch, &ref);

	if (ret)
		return ret;
	snprintf(request, sizeof(request), "revert id=%s", ref.id);
	return request_and_report(s, request, "reverted");
}

int cmd_revert(struct cli *cli, int argc, char **argv)
{
	struct revert_args a = { 0 };

	args_parse(&revert_spec, cli, argc, argv, &a);
	return session_run(cli, revert, &a);
}

/* ---- abort ---- */

static int give_up(struct session *s, void *arg)
{
	(void)arg;
	return request_and_report(s, "abort", "aborted");
}

int cmd_abort(struct cli *cli, int argc, char **argv)
{
	args_none("Aborts the transaction under way, for example one that another client left, "
		  "if it has not committed.", cli, argc, argv);
	return session_run(cli, give_up, NULL);
}

/* ---- set ---- */

struct set_args {
	const char *key, *value;
};

static void take_setting(struct argp_state *state, void *input, const char *arg)
{
	struct set_args *a = input;

	if (a->value)
		args_too_many(state, arg);
	*(a->key ? &a->value : &a->key) = arg;
}

static void check_set(struct argp_state *state, const void *input)
{
	const struct set_args *a = input;

	if (!a->value)
		argp_error(state, "give a key and a value");
}

static const struct args_spec set_spec = {
	.argument = take_setting,
	.check = check_set,
	.usage = "KEY VALUE",
	.doc = "Changes a setting of the hypervisor until its next start.",
};

static int set(struct session *s, void *arg)
{
	return request_and_report(s, arg, "set");
}

int cmd_set(struct cli *cli, int argc, char **argv)
{
	struct set_args a = { 0 };
	char request[LINE_MAX_LEN];
	struct text t;

	args_parse(&set_spec, cli, argc, argv, &a);
	text_init(&t, request, sizeof(request));
	text_format(&t, "set key=%s value=%s", a.key, a.value);
	if (t.cut)
		return out_error(cli, CLI_USAGE, "too-long", "the value does not fit in a line");
	return session_run(cli, set, request);
}
