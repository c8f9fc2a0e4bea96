/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of `subtext`, for the table in main.c. */
#ifndef CLI_COMMANDS_COMMANDS_H
#define CLI_COMMANDS_COMMANDS_H

#include "patcher/cli/base/cli.h"

/*
 * Each takes its arguments, argv[0] being "subtext NAME" for messages, prints its output and
 * returns an enum cli_exit. Does not return if the arguments are wrong.
 */
int cmd_info(struct cli *cli, int argc, char **argv);		/* ask.c */
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_log(struct cli *cli, int argc, char **argv);
int cmd_apply(struct cli *cli, int argc, char **argv);		/* change.c */
int cmd_revert(struct cli *cli, int argc, char **argv);
int cmd_abort(struct cli *cli, int argc, char **argv);
int cmd_set(struct cli *cli, int argc, char **argv);
int cmd_build(struct cli *cli, int argc, char **argv);
int cmd_console(struct cli *cli, int argc, char **argv);
int cmd_cycle(struct cli *cli, int argc, char **argv);
int cmd_inspect(struct cli *cli, int argc, char **argv);
int cmd_redirect(struct cli *cli, int argc, char **argv);
int cmd_symbols(struct cli *cli, int argc, char **argv);
int cmd_watch(struct cli *cli, int argc, char **argv);

#endif
