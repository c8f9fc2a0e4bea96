/* SPDX-License-Identifier: GPL-2.0-only */
/* What all of `subtext`, the host tool, shares: its exit codes and the options of all commands. */
#ifndef CLI_BASE_CLI_H
#define CLI_BASE_CLI_H

#include <stdbool.h>

/* Exit status of the program; subtext(1) explains them. */
enum cli_exit {
	CLI_OK = 0,
	CLI_REFUSED = 1,	/* the hypervisor said no and changed nothing */
	CLI_USAGE = 2,
	CLI_CONNECT = 3,	/* nothing answers, or the line is dead */
	CLI_INPUT = 4,		/* a file is bad, or a build was refused */
	CLI_INTERNAL = 5,
};

struct cli {
	const char *connect;		/* --connect or SUBTEXT_CONNECT; NULL if neither */
	bool json;
	bool verbose;
	unsigned int timeout_ms;	/* for one answer of the hypervisor */
};

#endif
