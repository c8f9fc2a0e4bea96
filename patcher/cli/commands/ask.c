/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that only ask: info, list, log. */
#include <stdio.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/session/patches.h"
#include "patcher/cli/session/reply.h"
#include "patcher/cli/session/session.h"
#include "patcher/wire/patch.h"

/* ---- info ---- */

/* With the keys of hello (version, nonce). */
static int info(struct session *s, void *arg)
{
	json_t *o, *more;
	int ret = session_request(s, "info");

	(void)arg;
	if (ret)
		return ret;
	o = json_copy(s->hello);
	more = line_json(&s->client.reply, NULL);
	json_object_update(o, more);
	json_decref(more);
	if (!s->cli->json)
		print_keys(o);
	return out_done(s->cli, o);
}

int cmd_info(struct cli *cli, int argc, char **argv)
{
	args_none("Shows the machine, the hypervisor and its counters.", cli, argc, argv);
	return session_run(cli, info, NULL);
}

/* ---- list ---- */

struct list_args {
	const char *patch;
};

static const struct args_option list_options[] = {
	{ "sites", 's', "PATCH", "The functions that one patch replaces (ID, NAME or FILE)",
	  ARGS_TEXT, ARGS_FIELD(struct list_args, patch) },
	{ 0 }
};

static const struct args_spec list_spec = {
	.options = list_options,
	.doc = "Lists the patches that the hypervisor holds, live or reverted.",
};

static void print_patch(const json_t *p)
{
	static const char *const columns[] = { "id", "name", "state", NULL };

	printf("%-16s  %-24s %-9s", json_str(p, "id"), json_str(p, "name"), json_str(p, "state"));
	print_rest(stdout, p, columns);
	putchar('\n');
}

static void print_site(const json_t *p)
{
	static const char *const columns[] = { "address", "symbol", "name", NULL };

	printf("%-18s  %s", json_str(p, "address"),
	       *json_str(p, "symbol") ? json_str(p, "symbol") : json_str(p, "name"));
	print_rest(stdout, p, columns);
	putchar('\n');
}

static int list(struct session *s, void *arg)
{
	const char *patch = ((struct list_args *)arg)->patch;
	char request[64] = "list";
	struct patch_ref ref;
	const json_t *entry;
	json_t *all;
	size_t i;
	int ret;

	if (patch) {
		ret = patch_by_argument(s, patch, &ref);
		if (ret)
			return ret;
		snprintf(request, sizeof(request), "sites id=%s", ref.id);
	}
	all = session_lines(s, request, 0, &ret);
	if (!all)
		return ret;
	if (!s->cli->json) {
		json_array_foreach(all, i, entry)
			patch ? print_site(entry) : print_patch(entry);
		if (!json_array_size(all))
			puts("no patches");
	}
	return out_done(s->cli, json_pack("{s:o}", patch ? "sites" : "patches", all));
}

int cmd_list(struct cli *cli, int argc, char **argv)
{
	struct list_args a = { 0 };

	args_parse(&list_spec, cli, argc, argv, &a);
	return session_run(cli, list, &a);
}

/* ---- log ---- */

static void gather_log(void *arg, const struct line *l)
{
	const char *text = line_get(l, "text");

	if (text)
		json_array_append_new(arg, json_string(text));
}

static int show_log(struct session *s, void *arg)
{
	json_t *all = json_array(), *text;
	enum client_result r = client_lines(&s->client, "log", 0, gather_log, all);
	size_t i;

	(void)arg;
	if (r != CLIENT_DONE) {
		json_decref(all);
		return session_failed(s, r);
	}
	if (!s->cli->json) {
		json_array_foreach(all, i, text)
			puts(json_string_value(text));
	}
	return out_done(s->cli, json_pack("{s:o}", "log", all));
}

int cmd_log(struct cli *cli, int argc, char **argv)
{
	args_none("Prints the hypervisor's log.", cli, argc, argv);
	return session_run(cli, show_log, NULL);
}
