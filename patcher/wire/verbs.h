/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs of the protocol: server.c says when one runs, verbs.c what it does. */
#ifndef WIRE_VERBS_H
#define WIRE_VERBS_H

#include "patcher/wire/server.h"

/*
 * What a verb may be asked for. One that only asks is carried out again when its
 * request is repeated; of one that changes something the reply is kept and repeated.
 */
enum verb_flags {
	ASKS = 0,		/* allowed to anyone, at any time */
	CHANGES = 1,		/* needs a sequence number; takes counter= and sig= */
	ANY_TIME = 2,		/* is also allowed while a transaction is pending */
	TAKES_WORD = 4,		/* has arguments without a key, which it checks itself */
	BEGINS = 8,		/* begins a session */
};

#define VERB_KEYS	2u

/* Besides enum server_result: the answer has several lines. */
enum { SERVER_LINES = SERVER_PENDING + 1 };

struct verb {
	const char *name;
	unsigned int flags;
	const char *keys[VERB_KEYS];	/* keys of its arguments */
	const char *help;
	/* Carries out s->line. */
	int (*run)(struct server *s, struct text *t);
	/* For SERVER_LINES: keys of the line at *@pos; moves *@pos on. False at the end. */
	bool (*part)(struct server *s, uint64_t *pos, struct text *t);
};

/* The verb with this name, NULL if there is none. Any context. */
const struct verb *verb_find(const char *name);

/*
 * Does @v take the arguments of @l? If not, @t has the refusal. The values are for the verb to
 * check. Any context.
 */
bool verb_args_good(const struct verb *v, const struct line *l, struct text *t);

/* Appends code=, field= and what= to @t. Returns SERVER_REFUSED. Any context. */
int verb_refuse(struct text *t, const char *code, const char *field, const char *what);

#endif
