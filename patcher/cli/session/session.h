/* SPDX-License-Identifier: GPL-2.0-only */
/* A conversation with the hypervisor, and how its answers become text and JSON. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdio.h>
#include "patcher/cli/cli.h"
#include "patcher/cli/session/transport.h"
#include "patcher/wire/client.h"

#define SESSION_ID_HEX 16	/* a patch is named on the wire by so many digits of its id */

struct session {
	struct cli *cli;
	struct transport line;
	struct client client;
	json_t *hello;		/* what the hypervisor said of itself */
};

/*
 * Connects as --connect says; session_open() also says hello. Returns CLI_OK; or an exit
 * code, everything said and closed.
 */
int session_open(struct session *s, struct cli *cli);
int session_connect(struct session *s, struct cli *cli);
void session_close(struct session *s);

/* True after SIGINT or SIGTERM; session_open() installs the handlers. */
bool session_interrupted(void);

/* One request. CLI_OK with the reply in s->client.reply; or an exit code, everything said. */
int session_request(struct session *s, const char *request);

/* Says what went wrong with a call of the client; returns the exit code. @r: not CLIENT_DONE. */
int session_failed(struct session *s, enum client_result r);

/* ---- reply.c: keys and values ---- */

/*
 * All keys of a line except @skip (a NULL-terminated list, may be NULL) as a JSON object.
 * Decimal numbers become numbers.
 */
json_t *line_json(const struct line *l, const char *const *skip);

/* One value as JSON: a number, if the key is not one of those that are names. */
json_t *value_json(const char *key, const char *value);

/* A sentence about a refusal. To be freed. */
char *refusal_sentence(const struct line *l);

/* An event: {"event": number, "kind": ..., keys}. */
json_t *event_json(const struct line *l);

/* The same as text: "12 window-write symbol=...". */
void print_event(FILE *f, const struct line *l);

/* Prints "key: value" lines of an object. */
void print_keys(const json_t *o);

/* " key=value" for all of an object except @skip, on the current line. */
void print_rest(FILE *f, const json_t *o, const char *const *skip);

/* ---- progress.c: bars on a terminal ---- */

/* "what  [####    ] 42 %", on stderr, only if that is a terminal and text is wanted. */
void progress_show(const struct cli *cli, const char *what, uint64_t done, uint64_t of);
/* Wipes it. */
void progress_end(const struct cli *cli);

#endif
