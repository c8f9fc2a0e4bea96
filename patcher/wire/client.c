/* SPDX-License-Identifier: GPL-2.0-only */
/* The host tool's end of the protocol: see client.h and docs/protocol.md. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "patcher/wire/client.h"

#define HELLO_MS	200u
#define READ_MS		100u	/* longest wait before hooks.cancelled is asked again */

/* What receive() has got. */
enum received { RX_NOTHING, RX_LINE, RX_DAMAGED, RX_GONE };

/* A request that waits for its reply. */
struct exchange {
	uint32_t seq;			/* 0: no request, the client only listens */
	uint64_t deadline;		/* when the request is sent again */
	unsigned int tries;		/* how many are left */
	unsigned int wait_ms;		/* time before it is sent again; 0: c->timeout_ms */
	bool after_garbage;		/* the line before it may lack its line end */
	bool busy;			/* the other end carries the request out */
	enum client_result result;
	/* Lines of the answer, NULL if there are none. */
	struct parts *parts;
};

struct parts {
	void (*line)(void *arg, const struct line *l);
	void *arg;
	uint64_t next;			/* the line that is expected */
};

void client_init(struct client *c, const struct client_io *io, uint32_t seed)
{
	memset(c, 0, sizeof(*c));
	c->io = *io;
	c->random = seed;
	c->timeout_ms = 1500;
	c->grace_ms = 150;
	c->busy_ms = 300;
	c->tries = 8;
}

const char *client_get(const struct client *c, const char *key)
{
	return line_get(&c->reply, key);
}

const char *client_result_text(enum client_result r)
{
	static const char *const texts[] = {
		[CLIENT_DONE] = "done",
		[CLIENT_REFUSED] = "refused",
		[CLIENT_NO_ANSWER] = "no answer on the line",
		[CLIENT_GONE] = "the connection was closed",
		[CLIENT_LOST] = "the hypervisor does not know this session any more: "
			"the outcome is unknown",
		[CLIENT_BAD_REQUEST] = "the request does not fit in a line",
	};

	return (unsigned int)r < sizeof(texts) / sizeof(texts[0]) ? texts[r] : "unknown result";
}

/* The first number of a session: far from others, so that no old reply fits into a new session. */
static uint32_t first_seq(struct client *c)
{
	c->random = c->random * 1664525u + 1013904223u;
	return (c->random ^ (uint32_t)c->io.now(c->io.ctx)) % 0x7fffffffu + 1;
}

/* ---- in ---- */

/* Takes a copy of the line in the reader apart. */
static enum received take_line(struct client *c, struct line *l)
{
	strcpy(c->line, c->reader.buf);
	if (!line_parse(c->line, l) && l->kind != LINE_PERSON)
		return RX_LINE;
	c->damaged++;
	return RX_DAMAGED;
}

/* The next line that ends in the bytes read so far. */
static enum received next_line(struct client *c, struct line *l)
{
	enum line_error e;

	while (c->rx_at < c->rx_len) {
		if (!line_feed(&c->reader, c->rx[c->rx_at++], &e))
			continue;
		if (!e)
			return take_line(c, l);
		c->damaged++;
		return RX_DAMAGED;
	}
	return RX_NOTHING;
}

/* The next line; RX_NOTHING if none came by @until or within READ_MS. */
static enum received receive(struct client *c, uint64_t until, struct line *l)
{
	for (;;) {
		enum received got = next_line(c, l);
		uint64_t now = c->io.now(c->io.ctx), left = until > now ? until - now : 0;
		int n;

		if (got != RX_NOTHING)
			return got;
		n = c->io.read(c->io.ctx, c->rx, sizeof(c->rx), left < READ_MS ? left : READ_MS);
		if (n <= 0)
			return n ? RX_GONE : RX_NOTHING;
		c->rx_at = 0;
		c->rx_len = (size_t)n;
		/* Bytes without a line end do not prolong the wait. */
		if (!left)
			return next_line(c, l);
	}
}

/* Sends the request again soon: the last one was probably damaged. */
static void hurry(struct client *c, struct exchange *x)
{
	uint64_t soon = c->io.now(c->io.ctx) + c->grace_ms;

	if (soon < x->deadline)
		x->deadline = soon;
}

/* The other end answered: starts counting retries from zero. */
static void alive(struct client *c, struct exchange *x, unsigned int ms)
{
	x->tries = c->tries;
	x->deadline = c->io.now(c->io.ctx) + ms;
}

/* @l is a part of the answer to @x, or its progress. */
static void take_part(struct client *c, struct exchange *x, const struct line *l)
{
	const char *i = line_get(l, "i"), *next = line_get(l, "next");
	uint64_t from, to;

	if (l->nargs && !l->args[0].key[0] && !strcmp(l->args[0].value, "busy")) {
		x->busy = true;
		alive(c, x, c->busy_ms);
		if (c->hooks.busy)
			c->hooks.busy(c->hooks.arg, l);
		return;
	}
	alive(c, x, c->timeout_ms);
	if (!x->parts || !i || !next || !text_parse_u64(i, &from) || !text_parse_u64(next, &to) ||
	    from != x->parts->next)
		return;
	x->parts->next = to;
	x->parts->line(x->parts->arg, l);
}

/* @line is the reply to @x. */
static void take_reply(struct client *c, struct exchange *x, const char *line)
{
	const char *code;

	strcpy(c->reply_buf, line);
	line_parse(c->reply_buf, &c->reply);
	code = client_get(c, "code");
	if (c->reply.kind == LINE_DONE) {
		x->result = CLIENT_DONE;
	} else if (code && (!strcmp(code, "no-session") || !strcmp(code, "bad-seq"))) {
		c->session = false;
		x->result = CLIENT_LOST;
	} else {
		x->result = CLIENT_REFUSED;
	}
}

/* Takes a good line. True if it is the reply to @x. */
static bool dispatch(struct client *c, struct exchange *x, const struct line *l)
{
	bool reply = l->kind == LINE_DONE || l->kind == LINE_REFUSED;

	if (l->kind == LINE_EVENT) {
		if (c->hooks.event)
			c->hooks.event(c->hooks.arg, l);
	} else if (reply && x->seq && l->seq == x->seq) {
		take_reply(c, x, c->reader.buf);
		return true;
	} else if (l->kind == LINE_PART && x->seq && l->seq == x->seq) {
		take_part(c, x, l);
	} else if (reply && c->given_up && l->seq == c->given_up) {
		strcpy(c->given_up_buf, c->reader.buf);
		c->given_up_done = true;
	} else if (l->kind == LINE_REFUSED && l->seq == 0) {
		hurry(c, x);	/* the other end read a damaged line: probably this request */
	}
	return false;
}

/* ---- out ---- */

static bool send_request(struct client *c, bool again)
{
	/* The line end keeps the rest of a damaged line apart from this one. */
	if (again && c->io.write(c->io.ctx, "\n", 1))
		return false;
	c->sent++;
	return c->io.write(c->io.ctx, c->request, c->request_len) == 0;
}

static enum client_result give_up(struct client *c, struct exchange *x);

static bool cancelled(struct client *c)
{
	return c->hooks.cancelled && c->hooks.cancelled(c->hooks.arg);
}

/* Sends what is in c->request and waits for its reply. */
static enum client_result transact(struct client *c, struct exchange *x)
{
	struct line l;

	if (!x->wait_ms || x->wait_ms > c->timeout_ms)
		x->wait_ms = c->timeout_ms;
	alive(c, x, x->wait_ms);
	if (!send_request(c, x->after_garbage))
		return CLIENT_GONE;
	for (;;) {
		enum received got = receive(c, x->deadline, &l);

		if (got == RX_GONE)
			return CLIENT_GONE;
		if (got == RX_LINE && dispatch(c, x, &l))
			return x->result;
		if (got == RX_DAMAGED)
			hurry(c, x);
		if (x->busy && !c->given_up && cancelled(c))
			return give_up(c, x);
		if (c->io.now(c->io.ctx) < x->deadline)
			continue;
		if (x->tries-- == 0) {
			c->session = false;
			return CLIENT_NO_ANSWER;
		}
		if (!x->busy)
			c->resent++;
		x->deadline = c->io.now(c->io.ctx) + (x->busy ? c->busy_ms : x->wait_ms);
		x->wait_ms = 2 * x->wait_ms < c->timeout_ms ? 2 * x->wait_ms : c->timeout_ms;
		if (!send_request(c, true))
			return CLIENT_GONE;
	}
}

/* Makes the line "#SEQ @request[ @more]" in c->request. */
static bool build(struct client *c, const char *request, const char *more)
{
	struct text t;

	text_init(&t, c->request, sizeof(c->request));
	line_begin(&t, LINE_REQUEST, c->seq);
	text_char(&t, ' ');
	text_str(&t, request);
	text_str(&t, more);
	c->request_len = t.len;
	if (!line_end(&t))
		return false;
	c->request_len = t.len;
	return true;
}

/* Sends one request, in a new session if there is none, and waits for its reply. */
static enum client_result ask(struct client *c, const char *request, const char *more,
			      struct parts *parts)
{
	struct exchange x = { .parts = parts };
	uint32_t before;

	if (!c->session) {
		enum client_result r = client_hello(c);

		if (r)
			return r;
	}
	before = c->seq;
	c->seq = x.seq = line_next_seq(c->seq);
	if (!build(c, request, more)) {
		c->seq = before;
		return CLIENT_BAD_REQUEST;
	}
	return transact(c, &x);
}

/*
 * Sends `abort` for @x. Two replies come then; that to @x may be the first or the second,
 * and the other end does not repeat it.
 */
static enum client_result give_up(struct client *c, struct exchange *x)
{
	enum client_result r;
	struct line l;
	uint64_t until;

	c->given_up = x->seq;
	c->given_up_done = false;
	r = ask(c, "abort", "", NULL);
	until = c->io.now(c->io.ctx) + 4ull * c->timeout_ms;
	while ((r == CLIENT_DONE || r == CLIENT_REFUSED) && !c->given_up_done) {
		struct exchange none = { .deadline = until };
		enum received got = receive(c, until, &l);

		if (got == RX_GONE)
			r = CLIENT_GONE;
		else if (got == RX_LINE)
			dispatch(c, &none, &l);
		else if (c->io.now(c->io.ctx) >= until)
			r = CLIENT_LOST;
	}
	c->given_up = 0;
	if (!c->given_up_done)
		return r;
	take_reply(c, x, c->given_up_buf);
	return x->result;
}

/* ---- what the user calls ---- */

enum client_result client_hello(struct client *c)
{
	/*
	 * Without a session the other end reads the line ten times a second, and its FIFO
	 * holds 16 bytes: the first line wakes it, and is probably lost.
	 */
	struct exchange x = { .after_garbage = true, .wait_ms = HELLO_MS };
	enum client_result r;

	c->session = c->watching = false;
	c->seq = x.seq = first_seq(c);
	if (!build(c, "hello proto=1", ""))
		return CLIENT_BAD_REQUEST;
	r = transact(c, &x);
	if (r == CLIENT_DONE) {
		c->session = true;
		c->sessions++;
	}
	return r;
}

enum client_result client_request(struct client *c, const char *request)
{
	return ask(c, request, "", NULL);
}

enum client_result client_lines(struct client *c, const char *request, uint64_t from,
				void (*line)(void *arg, const struct line *l), void *arg)
{
	struct parts parts = { line, arg, from };
	unsigned int tries = c->tries;
	char more[32];

	for (;;) {
		uint64_t start = parts.next, end;
		enum client_result r;

		snprintf(more, sizeof(more), " from=%" PRIu64, start);
		r = ask(c, request, more, &parts);
		if (r != CLIENT_DONE && r != CLIENT_LOST)
			return r;
		if (r == CLIENT_DONE && client_get(c, "next") &&
		    text_parse_u64(client_get(c, "next"), &end) && end == parts.next)
			return r;
		/* A line was lost: ask for the rest. Each line that comes restarts the retries. */
		if (parts.next != start)
			tries = c->tries;
		else if (tries-- == 0)
			return r == CLIENT_DONE ? CLIENT_NO_ANSWER : r;
	}
}

enum client_result client_watch(struct client *c, unsigned int ms)
{
	uint64_t until = c->io.now(c->io.ctx) + ms;
	struct exchange none = { .deadline = until };
	struct line l;

	if (!c->session || !c->watching) {
		enum client_result r = ask(c, "events on", "", NULL);

		if (r)
			return r;
		c->watching = true;
	}
	do {
		enum received got = receive(c, until, &l);

		if (got == RX_GONE)
			return CLIENT_GONE;
		if (got == RX_LINE)
			dispatch(c, &none, &l);
	} while (c->io.now(c->io.ctx) < until);
	return CLIENT_DONE;
}

void client_unwatch(struct client *c)
{
	unsigned int tries = c->tries;

	if (!c->session)
		return;
	/* Send it once: a client that is closing does not wait for a dead line. */
	c->tries = 1;
	ask(c, "events off", "", NULL);
	c->tries = tries;
	c->watching = false;
}
