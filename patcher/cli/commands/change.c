/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that change something: apply, revert, abort, set. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/commands/change.h"
#include "patcher/cli/session/patches.h"
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

/* ---- apply ---- */

struct apply_args {
	const char *file, *id;
};

static const struct argp_option apply_options[] = {
	{ "id", 'i', "PATCH", 0,
	  "Apply again what the hypervisor still holds (ID, NAME or FILE), without an upload", 0 },
	{ 0 }
};

static error_t parse_apply(int key, char *arg, struct argp_state *state)
{
	struct apply_args *a = state->input;

	switch (key) {
	case 'i':
		a->id = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (a->file)
			argp_error(state, "one patch at a time: '%s' is too many", arg);
		a->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->file == !a->id)
			argp_error(state, "say either a patch file or --id");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp apply_argp = {
	.options = apply_options,
	.parser = parse_apply,
	.args_doc = "FILE\n--id PATCH",
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
	int ret;

	snprintf(request, sizeof(request), "apply id=%s", id);
	ret = session_request(s, request);
	return ret ? ret : report(s, "applied");
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
	ret = session_request(s, "apply");
	return ret ? ret : report(s, "applied");
}

static int apply_argument(struct session *s, const char *arg)
{
	struct patch_ref ref;
	int ret = patch_by_argument(s, arg, &ref);

	return ret ? ret : apply_held(s, ref.id);
}

int cmd_apply(struct cli *cli, int argc, char **argv)
{
	struct apply_args a = { 0 };
	struct problems p = { 0 };
	struct bytes file = { 0 };
	struct session s;
	char id[SESSION_ID_HEX + 1] = "";
	int ret;

	args_parse(&apply_argp, cli, argc, argv, &a);
	/* A bad file is said before anything is connected. */
	if (a.file && patch_file_id(a.file, &file, id, &p)) {
		ret = out_problems(cli, &p, NULL);
		problems_free(&p);
		return ret;
	}
	ret = session_open(&s, cli);
	if (!ret) {
		ret = a.file ? change_apply(&s, &file, id) : apply_argument(&s, a.id);
		session_close(&s);
	}
	free(file.data);
	return ret;
}

/* ---- revert ---- */

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	const char **patch = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*patch)
			argp_error(state, "one patch at a time: '%s' is too many", arg);
		*patch = arg;
		return 0;
	case ARGP_KEY_END:
		if (!*patch)
			argp_error(state, "which patch?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp revert_argp = {
	.parser = parse_one,
	.args_doc = "ID|NAME|FILE",
	.doc = "Takes a patch back: the guest runs its own code again, on all CPUs at once.",
};

static int revert(struct session *s, const char *arg)
{
	struct patch_ref ref;
	char request[64];
	int ret = patch_by_argument(s, arg, &ref);

	if (ret)
		return ret;
	snprintf(request, sizeof(request), "revert id=%s", ref.id);
	ret = session_request(s, request);
	return ret ? ret : report(s, "reverted");
}

int cmd_revert(struct cli *cli, int argc, char **argv)
{
	const char *patch = NULL;
	struct session s;
	int ret;

	args_parse(&revert_argp, cli, argc, argv, &patch);
	ret = session_open(&s, cli);
	if (ret)
		return ret;
	ret = revert(&s, patch);
	session_close(&s);
	return ret;
}

/* ---- abort ---- */

int cmd_abort(struct cli *cli, int argc, char **argv)
{
	struct session s;
	int ret;

	args_none("Gives up what another client left under way, unless it is in force already.",
		  cli, argc, argv);
	ret = session_open(&s, cli);
	if (ret)
		return ret;
	ret = session_request(&s, "abort");
	if (!ret)
		ret = report(&s, "aborted");
	session_close(&s);
	return ret;
}

/* ---- set ---- */

struct setting {
	const char *key, *value;
};

static error_t parse_set(int key, char *arg, struct argp_state *state)
{
	struct setting *set = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (set->value)
			argp_error(state, "'%s' is one argument too many", arg);
		*(set->key ? &set->value : &set->key) = arg;
		return 0;
	case ARGP_KEY_END:
		if (!set->value)
			argp_error(state, "say a key and a value");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp set_argp = {
	.parser = parse_set,
	.args_doc = "KEY VALUE",
	.doc = "Changes a setting of the hypervisor until its next start.",
};

int cmd_set(struct cli *cli, int argc, char **argv)
{
	struct setting set = { 0 };
	char request[LINE_MAX_LEN];
	struct session s;
	struct text t;
	int ret;

	args_parse(&set_argp, cli, argc, argv, &set);
	text_init(&t, request, sizeof(request));
	text_format(&t, "set key=%s value=%s", set.key, set.value);
	if (t.cut)
		return out_error(cli, CLI_USAGE, "too-long", "the value does not fit in a line");
	ret = session_open(&s, cli);
	if (ret)
		return ret;
	ret = session_request(&s, request);
	if (!ret)
		ret = report(&s, "set");
	session_close(&s);
	return ret;
}
