/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that all commands share, and how a command takes its own. */
#include <errno.h>
#include <stdlib.h>
#include "patcher/cli/base/args.h"

#define MAX_TIMEOUT_S 86400

static const struct argp_option options[] = {
	{ "connect", 'c', "WHERE", 0,
	  "The hypervisor's line: a tty or pty, tcp:HOST:PORT or unix:PATH "
	  "(default: $SUBTEXT_CONNECT)", 10 },
	{ "json", 'j', NULL, 0, "Print one JSON object instead of text", 10 },
	{ "timeout", 't', "SECONDS", 0, "Give up when no answer came for so long (default: 30)",
	  10 },
	{ "verbose", 'v', NULL, 0, "Say more; lines to and from the hypervisor on stderr", 10 },
	{ 0 }
};

static void parse_timeout(struct argp_state *state, const char *arg, struct cli *cli)
{
	char *end;
	double s = strtod(arg, &end);

	if (*end || end == arg || !(s > 0 && s <= MAX_TIMEOUT_S))
		argp_error(state, "--timeout takes seconds, more than 0 and at most %d, not '%s'",
			   MAX_TIMEOUT_S, arg);
	cli->timeout_ms = (unsigned int)(s * 1000 + 0.999);
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	switch (key) {
	case 'c':
		cli->connect = arg;
		return 0;
	case 'j':
		cli->json = true;
		return 0;
	case 't':
		parse_timeout(state, arg, cli);
		return 0;
	case 'v':
		cli->verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp common_argp = { .options = options, .parser = parse_common };

struct inputs {
	void *command;
	struct cli *cli;
};

/* Hands each of the two parsers its own input. */
static error_t parse_wrapper(int key, char *arg, struct argp_state *state)
{
	struct inputs *in = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = in->command;
	state->child_inputs[1] = in->cli;
	return 0;
}

void args_parse(const struct argp *argp, struct cli *cli, int argc, char **argv, void *input)
{
	struct argp command = *argp;
	const struct argp_child children[] = {
		{ &command, 0, NULL, 0 },
		{ &common_argp, 0, "For all commands:", 10 },
		{ 0 }
	};
	/* The wrapper shows the texts; the child would show them a second time. */
	const struct argp wrapper = {
		.parser = parse_wrapper,
		.args_doc = argp->args_doc,
		.doc = argp->doc,
		.children = children,
	};
	struct inputs in = { input, cli };

	command.args_doc = command.doc = NULL;
	if (argp_parse(&wrapper, argc, argv, 0, NULL, &in))
		exit(CLI_USAGE);
}

static error_t parse_nothing(int key, char *arg, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	argp_error(state, "'%s' is one argument too many", arg);
	return 0;
}

void args_none(const char *doc, struct cli *cli, int argc, char **argv)
{
	const struct argp argp = { .parser = parse_nothing, .doc = doc };

	args_parse(&argp, cli, argc, argv, NULL);
}

unsigned long args_number(struct argp_state *state, const char *what, const char *arg,
			  unsigned long min, unsigned long max)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || *arg == '-' || v < min || v > max)
		argp_error(state, "%s takes a number from %lu to %lu, not '%s'", what, min, max,
			   arg);
	return v;
}
