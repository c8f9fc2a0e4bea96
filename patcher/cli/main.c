/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext`, the host tool: the table of commands and what comes before the command. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/commands/commands.h"

const char *argp_program_version = "subtext " SUBTEXT_VERSION;

struct command {
	const char *name;
	const char *summary;		/* for `subtext --help` */
	int (*run)(struct cli *cli, int argc, char **argv);
};

static const struct command commands[] = {
	{ "info",	"the machine, the hypervisor, counters", cmd_info },
	{ "list",	"patches that the hypervisor holds", cmd_list },
	{ "log",	"the hypervisor's log", cmd_log },
	{ "watch",	"events as they come", cmd_watch },
	{ "console",	"a terminal on the line", cmd_console },
	{ "apply",	"put a patch into force", cmd_apply },
	{ "revert",	"take a patch back", cmd_revert },
	{ "cycle",	"apply and revert many times, and measure", cmd_cycle },
	{ "redirect",	"make a function of the kernel lead to one of a module", cmd_redirect },
	{ "abort",	"abort the transaction under way, if it has not committed", cmd_abort },
	{ "set",	"change a setting", cmd_set },
	{ "inspect",	"show what is in a patch file", cmd_inspect },
	{ "build",	"make a patch file from C sources or object files, for a kernel", cmd_build },
	{ "symbols",	"symbols of a kernel, and its tables about its own code", cmd_symbols },
};

#define NCOMMANDS ARRAY_SIZE(commands)
#define DEFAULT_TIMEOUT_MS 30000

struct top {
	struct cli cli;
	const struct command *command;
	int argc;		/* of the command, its name included */
	char **argv;
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Option parsing stops at the command: the rest is the command's own. */
static void take_command(struct argp_state *state, char *arg, struct top *top)
{
	top->command = find_command(arg);
	if (!top->command)
		argp_error(state, "there is no command '%s'", arg);
	top->argv = state->argv + state->next - 1;
	top->argc = state->argc - state->next + 1;
	state->next = state->argc;
}

static error_t parse_top(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &top->cli;
		return 0;
	case ARGP_KEY_ARG:
		take_command(state, arg, top);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Adds the table of commands to what --help prints. */
static char *help_filter(int key, const char *text, void *input)
{
	char *out = NULL;
	size_t len = 0;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&out, &len);
	if (!f)
		return (char *)text;
	fputs("Commands:\n", f);
	for (size_t i = 0; i < NCOMMANDS; i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n`subtext COMMAND --help' explains a command.\n\n"
	      "Exit status: 0 done, 1 refused by the hypervisor, 2 usage, 3 no connection,\n"
	      "4 bad input or build refused, 5 internal error.\n", f);
	fclose(f);
	return out;
}

static const struct argp_child children[] = { { &common_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.parser = parse_top,
	.args_doc = "COMMAND [ARGUMENT...]",
	.doc = "Patches a running kernel from beneath, through the Subtext hypervisor.\v ",
	.children = children,
	.help_filter = help_filter,
};

int main(int argc, char **argv)
{
	struct top top = { .cli = { .timeout_ms = DEFAULT_TIMEOUT_MS } };
	char *name;
	int ret;

	argp_err_exit_status = CLI_USAGE;
	signal(SIGPIPE, SIG_IGN);
	top.cli.connect = getenv("SUBTEXT_CONNECT");
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &top))
		return CLI_USAGE;
	name = xprintf("subtext %s", top.command->name);
	top.argv[0] = name;
	ret = top.command->run(&top.cli, top.argc, top.argv);
	free(name);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("subtext: cannot write the output\n", stderr);
		ret = ret ? ret : CLI_INTERNAL;
	}
	return ret;
}
