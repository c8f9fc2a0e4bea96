/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host tool's end of the protocol. It has no I/O of its own: its user gives it
 * functions that read, write and know the time. Host only, single thread.
 *
 * The line may lose, repeat and change bytes. A request that changes something
 * is nevertheless carried out exactly once if the answer is CLIENT_DONE, and not
 * at all if it is CLIENT_REFUSED; with any other result `list` shows what is true.
 */
#ifndef WIRE_CLIENT_H
#define WIRE_CLIENT_H

#include "patcher/wire/line.h"

struct client_io {
	void *ctx;
	/* Up to @len bytes, at least one; 0 if none came within @ms; -1 if the line is gone. */
	int (*read)(void *ctx, char *buf, size_t len, unsigned int ms);
	/* All @len bytes: 0, or -1 if the line is gone. */
	int (*write)(void *ctx, const char *buf, size_t len);
	/* Milliseconds of a clock that never goes back. */
	uint64_t (*now)(void *ctx);
};

/* Functions that the client calls while it waits. Each may be NULL. */
struct client_hooks {
	void *arg;
	/* An event came: verb is its kind, seq its number. May come during any call. */
	void (*event)(void *arg, const struct line *event);
	/* The request is being carried out: phase=, done=, of= if known. */
	void (*busy)(void *arg, const struct line *part);
	/* True (once is enough): give up the transaction under way, if it is not too late. */
	bool (*cancelled)(void *arg);
};

enum client_result {
	CLIENT_DONE,
	CLIENT_REFUSED,		/* reply has code= and what belongs to it; nothing was changed */
	CLIENT_NO_ANSWER,	/* no answer, however often the request was sent */
	CLIENT_GONE,		/* read or write failed */
	CLIENT_LOST,		/* the other end forgot this session; a new one begins by itself */
	CLIENT_BAD_REQUEST,	/* the request does not fit in a line */
};

struct client {
	struct client_io io;
	struct client_hooks hooks;	/* may be changed between calls */
	/* Time-outs; client_init() sets them for 115200 baud. */
	unsigned int timeout_ms;	/* without an answer: send the request again */
	unsigned int grace_ms;		/* after a damaged line: send it again sooner */
	unsigned int busy_ms;		/* between two requests for progress */
	unsigned int tries;		/* how often a request is sent without any line coming back */
	/* The last reply, valid until the next call. */
	struct line reply;
	/* Counters that show how good the line is. */
	unsigned int sent, resent, damaged, sessions;
	/* private */
	bool session, watching;		/* watching: in this session */
	uint32_t seq, random;
	struct line_reader reader;
	char rx[256];
	size_t rx_at, rx_len;
	char request[LINE_MAX_LEN + 2], line[LINE_MAX_LEN + 1], reply_buf[LINE_MAX_LEN + 1];
	size_t request_len;
	uint32_t given_up;		/* request that `abort` was sent for, or 0 */
	bool given_up_done;		/* its reply came and is in given_up_buf */
	char given_up_buf[LINE_MAX_LEN + 1];
};

/* @seed: any number, another one each time if possible; the sequence numbers begin there. */
void client_init(struct client *c, const struct client_io *io, uint32_t seed);

/**
 * client_hello - begin a session
 * The other calls begin one by themselves when there is none. The reply has proto=,
 * version=, nonce=, max_line=, max_file=, and pending= if a transaction is under way.
 */
enum client_result client_hello(struct client *c);

/**
 * client_request - one request, one reply
 * @request: verb and arguments, such as "revert id=0123456789abcdef"
 * Waits as long as the other end says that it is busy.
 */
enum client_result client_request(struct client *c, const char *request);

/**
 * client_lines - a request whose answer has several lines (list, sites, log, help)
 * @request: verb and arguments, without from=
 * @from: where to begin: index, or for log the byte position; 0: all there is
 * @line: called once for each line, in order; the client asks again for lines that were lost
 * On success the reply has next=: where to go on later.
 */
enum client_result client_lines(struct client *c, const char *request, uint64_t from,
				void (*line)(void *arg, const struct line *l), void *arg);

/**
 * client_upload - bring a file to the other end, where `apply` without id takes it
 * @progress: may be NULL; called with the number of bytes that have arrived
 * Goes on where an earlier upload of the same file stopped, also after a lost session.
 */
enum client_result client_upload(struct client *c, const void *file, size_t len,
				 void (*progress)(void *arg, size_t done, size_t of), void *arg);

/*
 * Waits for events for @ms milliseconds; asks for them first, once in each session.
 * CLIENT_DONE or CLIENT_GONE; or as client_request(), if `events on` fails.
 */
enum client_result client_watch(struct client *c, unsigned int ms);

/* Ends the watch: the other end keeps its events. Sent once, so that a bad line may lose it. */
void client_unwatch(struct client *c);

/* Value of a key of the last reply, or NULL. */
const char *client_get(const struct client *c, const char *key);

/* One plain sentence, without a full stop, for results other than done and refused. */
const char *client_result_text(enum client_result r);

#endif
