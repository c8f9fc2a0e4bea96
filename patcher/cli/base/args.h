/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of a command, by a table of its options; and the options that all commands have. */
#ifndef CLI_BASE_ARGS_H
#define CLI_BASE_ARGS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include "patcher/cli/base/cli.h"

/*
 * --connect, --json, --timeout, --verbose, which may stand before and after the command. The input
 * is a struct cli.
 */
extern const struct argp common_argp;

/* What an option does to the command's input. */
enum args_kind {
	ARGS_TEXT,		/* a const char * is set; the last one is taken */
	ARGS_TEXT_ONCE,	/* the same, but a second one is an error */
	ARGS_SWITCH,		/* a bool is set */
	ARGS_NUMBER,		/* an unsigned long is set */
	ARGS_CALL,
};

struct args_option {
	const char *name;	/* NULL ends a table */
	char letter;		/* 0 if there is only the name */
	const char *value;	/* as --help calls it; NULL for a switch */
	const char *help;
	enum args_kind kind;
	size_t offset;		/* of what is set, in the command's input */
	unsigned long min, max;	/* of a number */
	void (*call)(struct argp_state *state, void *input, const char *value);
};

/* The end of an option's line that sets @field of @type, the command's input. */
#define ARGS_FIELD(type, field) offsetof(type, field), 0, 0, NULL

/* The arguments that a command takes. */
struct args_spec {
	const struct args_option *options;	/* NULL if there are none */
	const char *usage, *doc;		/* for --help, as in struct argp */
	/* Takes an argument that is not an option; NULL: there is none. */
	void (*argument)(struct argp_state *state, void *input, const char *arg);
	/* Looks at all of it at the end; may be NULL. Like the others it ends by argp_error(). */
	void (*check)(struct argp_state *state, const void *input);
};

/**
 * args_parse - the arguments of one command
 * @input: what the options of @spec set
 * Does not return if they are wrong (CLI_USAGE) or after --help.
 */
void args_parse(const struct args_spec *spec, struct cli *cli, int argc, char **argv, void *input);

/* For commands that take no arguments. */
void args_none(const char *doc, struct cli *cli, int argc, char **argv);

/*
 * Sets the one argument of a command; a second one is an error.
 * @what: its name in the message, such as "patch".
 */
void args_one(struct argp_state *state, const char **to, const char *arg, const char *what);

/* A usage error: @arg is one argument too many. */
void args_too_many(struct argp_state *state, const char *arg);

/* A whole number @min ... @max, or a usage error that names @what. */
unsigned long args_number(struct argp_state *state, const char *what, const char *arg,
			  unsigned long min, unsigned long max);

#endif
