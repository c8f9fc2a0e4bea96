/* SPDX-License-Identifier: GPL-2.0-only */
/* A conversation with the hypervisor. */
#ifndef CLI_SESSION_SESSION_H
#define CLI_SESSION_SESSION_H

#include <stdio.h>
#include "patcher/cli/base/cli.h"
#include "patcher/cli/session/transport.h"
#include "patcher/wire/client.h"

#define SESSION_ID_HEX 16	/* digits of a patch's id by which the wire names it */

struct session {
	struct cli *cli;
	struct transport line;
	struct client client;
	json_t *hello;		/* its answer to hello */
};

/*
 * Connects to the place of --connect; session_open() also sends hello. Returns CLI_OK; or an exit
 * code, with the error printed and everything closed.
 */
int session_open(struct session *s, struct cli *cli);
int session_connect(struct session *s, struct cli *cli);
void session_close(struct session *s);

/* Opens a session, calls @run with @arg in it, closes it. Returns the exit code. */
int session_run(struct cli *cli, int (*run)(struct session *s, void *arg), void *arg);

/* True after SIGINT or SIGTERM; session_open() installs the handlers. */
bool session_interrupted(void);

/* One request. CLI_OK with the reply in s->client.reply; or an exit code, the error printed. */
int session_request(struct session *s, const char *request);

/* Prints why a call of the client failed; returns the exit code. @r: not CLIENT_DONE. */
int session_failed(struct session *s, enum client_result r);

#endif
