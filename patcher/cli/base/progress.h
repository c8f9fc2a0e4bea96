/* SPDX-License-Identifier: GPL-2.0-only */
/* A progress bar on the terminal. */
#ifndef CLI_BASE_PROGRESS_H
#define CLI_BASE_PROGRESS_H

#include <stdint.h>
#include "patcher/cli/base/cli.h"

/*
 * "what  [####    ] 42 %", on stderr, only if that is a terminal and text is wanted. Without a
 * bar if @of is 0.
 */
void progress_show(const struct cli *cli, const char *what, uint64_t done, uint64_t of);
/* Wipes the bar. */
void progress_end(const struct cli *cli);

#endif
