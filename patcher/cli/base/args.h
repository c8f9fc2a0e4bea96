/* SPDX-License-Identifier: GPL-2.0-only */
/* Options that may stand before and after the command: --connect, --json, --timeout, --verbose. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <argp.h>
#include "patcher/cli/cli.h"

/* Its input is a struct cli. */
extern const struct argp common_argp;

/**
 * args_parse - the arguments of one command
 * @argp: the command's own options; its parser gets @input
 * Does not return if they are wrong (CLI_USAGE) or after --help.
 */
void args_parse(const struct argp *argp, struct cli *cli, int argc, char **argv, void *input);

/* For commands that take no arguments. */
void args_none(const char *doc, struct cli *cli, int argc, char **argv);

/* A whole number @min ... @max, or a usage error that names @what. */
unsigned long args_number(struct argp_state *state, const char *what, const char *arg,
			  unsigned long min, unsigned long max);

#endif
