/* SPDX-License-Identifier: GPL-2.0-only */
/* The line to the hypervisor: a tty or pty, TCP, or a UNIX socket. */
#ifndef CLI_SESSION_TRANSPORT_H
#define CLI_SESSION_TRANSPORT_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"

struct transport {
	int fd;
	bool verbose;		/* lines in both directions on stderr */
	unsigned int write_ms;	/* the line is dead if it takes nothing for so long */
	struct bytes seen;	/* verbose: the part of a line that came in already */
};

/**
 * transport_open - connect to @where: "tcp:HOST:PORT", "unix:PATH", or the path of a tty or pty
 * A tty is set to 115200 8N1, raw. Returns 0, or -1 with the reason in @p (CLI_CONNECT or
 * CLI_USAGE).
 */
int transport_open(struct transport *t, const char *where, unsigned int timeout_ms,
		   struct problems *p);
void transport_close(struct transport *t);

/* As struct client_io (wire/client.h) wants them; @ctx is a struct transport. */
int transport_read(void *ctx, char *buf, size_t len, unsigned int ms);
int transport_write(void *ctx, const char *buf, size_t len);
uint64_t transport_now(void *ctx);

#endif
