/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that only ask: info, list, log. */
#include <stdio.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/session/patches.h"

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* ---- info ---- */

/* What hello tells (version, nonce) belongs to it. */
static int info(struct session *s)
{
	json_t *o, *more;
	int ret;

	ret = session_request(s, "info");
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
	struct session s;
	int ret;

	args_none("Shows the machine, the hypervisor and its counters.", cli, argc, argv);
	ret = session_open(&s, cli);
	if (ret)
		return ret;
	ret = info(&s);
	session_close(&s);
	return ret;
}

/* ---- list ---- */

static const struct argp_option list_options[] = {
	{ "sites", 's', "PATCH", 0, "The functions that one patch replaces (ID, NAME or FILE)", 0 },
	{ 0 }
};

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
	const char **patch = state->input;

	switch (key) {
	case 's':
		*patch = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is one argument too many", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp list_argp = {
	.options = list_options,
	.parser = parse_list,
	.doc = "Lists the patches that the hypervisor holds, live or reverted.",
};

static void print_patch(const json_t *p)
{
	static const char *const columns[] = { "id", "name", "state", NULL };

	printf("%-16s  %-24s %-9s", str(p, "id"), str(p, "name"), str(p, "state"));
	print_rest(stdout, p, columns);
	putchar('\n');
}

static void print_site(const json_t *p)
{
	static const char *const columns[] = { "address", "symbol", "name", NULL };

	printf("%-18s  %s", str(p, "address"),
	       *str(p, "symbol") ? str(p, "symbol") : str(p, "name"));
	print_rest(stdout, p, columns);
	putchar('\n');
}

static int list(struct session *s, const char *patch)
{
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
	const char *patch = NULL;
	struct session s;
	int ret;

	args_parse(&list_argp, cli, argc, argv, &patch);
	ret = session_open(&s, cli);
	if (ret)
		return ret;
	ret = list(&s, patch);
	session_close(&s);
	return ret;
}

/* ---- log ---- */

static void gather_log(void *arg, const struct line *l)
{
	const char *text = line_get(l, "text");

	if (text)
		json_array_append_new(arg, json_string(text));
}

static int show_log(struct session *s)
{
	json_t *all = json_array(), *text;
	enum client_result r = client_lines(&s->client, "log", 0, gather_log, all);
	size_t i;

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
	struct session s;
	int ret;

	args_none("Prints the hypervisor's log.", cli, argc, argv);
	ret = session_open(&s, cli);
	if (ret)
		return ret;
	ret = show_log(&s);
	session_close(&s);
	return ret;
}
