/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext watch`: events as they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/session/reply.h"
#include "patcher/cli/session/session.h"

#define SLICE_MS 100
/* How often a request checks that the hypervisor still answers and knows this session. */
#define ALIVE_MS 5000

struct watch {
	struct cli *cli;
	const char *kind;		/* --for, or NULL */
	unsigned long count;		/* --count, or 0 */
	unsigned long within_s;		/* --within, or 0 */
	unsigned long seen;		/* events that count */
};

static const struct args_option options[] = {
	{ "count", 'n', "N", "Stop after N events (with --for: of that kind)",
	  ARGS_NUMBER, offsetof(struct watch, count), 1, 1000000000, NULL },
	{ "for", 'f', "KIND", "Stop after an event of this kind",
	  ARGS_TEXT, ARGS_FIELD(struct watch, kind) },
	{ "within", 'w', "SECONDS", "Stop after SECONDS; an error if --count or --for was not met",
	  ARGS_NUMBER, offsetof(struct watch, within_s), 1, 86400, NULL },
	{ 0 }
};

static const struct args_spec spec = {
	.options = options,
	.doc = "Prints events as they come, until interrupted. With --json, each event is one "
	       "JSON object on a line of its own.",
};

static bool wants_end(const struct watch *w)
{
	return w->kind || w->count;
}

static bool is_met(const struct watch *w)
{
	return wants_end(w) && w->seen >= (w->count ? w->count : 1);
}

static void on_event(void *arg, const struct line *l)
{
	struct watch *w = arg;

	if (is_met(w))
		return;
	if (!w->kind || !strcmp(w->kind, l->verb))
		w->seen++;
	if (w->cli->json)
		out_json_line(event_json(l));
	else
		print_event(stdout, l);
}

static int watch(struct session *s, struct watch *w)
{
	uint64_t start = transport_now(NULL), asked = start, now = start;
	enum client_result r = CLIENT_DONE;

	while (r == CLIENT_DONE && !is_met(w) && !session_interrupted()) {
		now = transport_now(NULL);
		if (w->within_s && now - start >= 1000 * w->within_s)
			break;
		if (now - asked >= ALIVE_MS) {
			asked = now;
			r = client_request(&s->client, "events on");
		} else {
			r = client_watch(&s->client, SLICE_MS);
		}
		/* Another client had the line, or the hypervisor restarted: watching goes on. */
		if (r == CLIENT_LOST)
			r = CLIENT_DONE;
	}
	if (r == CLIENT_DONE)
		client_unwatch(&s->client);
	if (is_met(w) || (r == CLIENT_DONE && !wants_end(w)))
		return CLI_OK;
	if (r != CLIENT_DONE)
		return session_failed(s, r);
	return out_error(s->cli, CLI_CONNECT, "no-event", "%s before the events that were waited "
			 "for came", session_interrupted() ? "interrupted" : "the time was over");
}

int cmd_watch(struct cli *cli, int argc, char **argv)
{
	struct watch w = { .cli = cli };
	struct session s;
	int ret;

	args_parse(&spec, cli, argc, argv, &w);
	ret = session_connect(&s, cli);
	if (ret)
		return ret;
	s.client.hooks = (struct client_hooks){ .arg = &w, .event = on_event };
	ret = watch(&s, &w);
	session_close(&s);
	return ret;
}
