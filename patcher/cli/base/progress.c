/* SPDX-License-Identifier: GPL-2.0-only */
/* A progress bar on the terminal. */
#include <stdio.h>
#include <unistd.h>
#include "patcher/cli/base/cli.h"
#include "patcher/cli/base/progress.h"

#define BAR 30

static bool shown;

static bool wanted(const struct cli *cli)
{
	return !cli->json && !cli->verbose && isatty(STDERR_FILENO);
}

void progress_show(const struct cli *cli, const char *what, uint64_t done, uint64_t of)
{
	int filled;

	if (!wanted(cli))
		return;
	shown = true;
	if (!of) {
		fprintf(stderr, "\r%-10s ...\033[K", what);
		return;
	}
	if (done > of)
		done = of;
	filled = (int)(done * BAR / of);
	fprintf(stderr, "\r%-10s [%.*s%*s] %3u %%\033[K", what, filled,
		"##############################", BAR - filled, "",
		(unsigned int)(done * 100 / of));
}

void progress_end(const struct cli *cli)
{
	if (shown && wanted(cli))
		fputs("\r\033[K", stderr);
	shown = false;
}
