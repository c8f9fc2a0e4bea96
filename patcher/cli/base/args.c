/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that all commands have, and those of one command by its table. */
#include <errno.h>
#include <stdlib.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"

#define MAX_TIMEOUT_S 86400

static const struct argp_option options[] = {
	{ "connect", 'c', "WHERE", 0,
	  "The hypervisor's line: a tty or pty, tcp:HOST:PORT or unix:PATH "
	  "(default: $SUBTEXT_CONNECT)", 10 },
	{ "json", 'j', NULL, 0, "Print one JSON object instead of text", 10 },
	{ "timeout", 't', "SECONDS", 0, "Give up when no answer comes within SECONDS (default: 30)",
	  10 },
	{ "verbose", 'v', NULL, 0, "Print more; lines to and from the hypervisor on stderr", 10 },
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

/* ---- a command's own ---- */

struct inputs {
	const struct args_spec *spec;
	void *command;
	struct cli *cli;
};

static int key_of(const struct args_spec *spec, size_t i)
{
	return spec->options[i].letter ? spec->options[i].letter : 0x100 + (int)i;
}

static unsigned long option_number(struct argp_state *state, const struct args_option *o,
				   const char *value)
{
	char *what = xprintf("--%s", o->name);
	unsigned long v = args_number(state, what, value, o->min, o->max);

	free(what);
	return v;
}

static void take_option(struct argp_state *state, const struct args_option *o, void *input,
			const char *value)
{
	void *to = (char *)input + o->offset;

	switch (o->kind) {
	case ARGS_TEXT_ONCE:
		if (*(const char **)to)
			argp_error(state, "--%s twice", o->name);
		/* fall through */
	case ARGS_TEXT:
		*(const char **)to = value;
		break;
	case ARGS_SWITCH:
		*(bool *)to = true;
		break;
	case ARGS_NUMBER:
		*(unsigned long *)to = option_number(state, o, value);
		break;
	case ARGS_CALL:
		o->call(state, input, value);
	}
}

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	const struct inputs *in = state->input;
	const struct args_spec *spec = in->spec;

	if (key == ARGP_KEY_ARG) {
		if (!spec->argument)
			args_too_many(state, arg);
		spec->argument(state, in->command, arg);
		return 0;
	}
	if (key == ARGP_KEY_END && spec->check)
		spec->check(state, in->command);
	for (size_t i = 0; spec->options && spec->options[i].name; i++) {
		if (key_of(spec, i) == key) {
			take_option(state, &spec->options[i], in->command, arg);
			return 0;
		}
	}
	return ARGP_ERR_UNKNOWN;
}

/* The table as argp has it; NULL without options (argp's help leaks an empty one). To be freed. */
static struct argp_option *argp_options(const struct args_spec *spec)
{
	struct argp_option *all = NULL;
	size_t n = 0;

	for (size_t i = 0; spec->options && spec->options[i].name; i++) {
		const struct args_option *o = &spec->options[i];

		*ARRAY_ADD(all, n) = (struct argp_option){
			.name = o->name, .key = key_of(spec, i), .arg = o->value, .doc = o->help,
		};
	}
	if (n)
		ARRAY_ADD(all, n)->name = NULL;
	return all;
}

/* Hands each of the two parsers its own input. */
static error_t parse_wrapper(int key, char *arg, struct argp_state *state)
{
	struct inputs *in = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = in;
	state->child_inputs[1] = in->cli;
	return 0;
}

void args_parse(const struct args_spec *spec, struct cli *cli, int argc, char **argv, void *input)
{
	struct argp_option *options = argp_options(spec);
	const struct argp command = { .options = options, .parser = parse_command };
	const struct argp_child children[] = {
		{ &command, 0, NULL, 0 },
		{ &common_argp, 0, "For all commands:", 10 },
		{ 0 }
	};
	/* The wrapper shows the texts; the child would show them a second time. */
	const struct argp wrapper = {
		.parser = parse_wrapper,
		.args_doc = spec->usage,
		.doc = spec->doc,
		.children = children,
	};
	struct inputs in = { spec, input, cli };

	if (argp_parse(&wrapper, argc, argv, 0, NULL, &in))
		exit(CLI_USAGE);
	free(options);
}

void args_none(const char *doc, struct cli *cli, int argc, char **argv)
{
	const struct args_spec spec = { .doc = doc };

	args_parse(&spec, cli, argc, argv, NULL);
}

void args_one(struct argp_state *state, const char **to, const char *arg, const char *what)
{
	if (*to)
		argp_error(state, "one %s at a time: '%s' is too many", what, arg);
	*to = arg;
}

void args_too_many(struct argp_state *state, const char *arg)
{
	argp_error(state, "'%s' is one argument too many", arg);
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
