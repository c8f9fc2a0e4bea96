/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's end of the protocol: see server.h and docs/protocol.md. */
#include "patcher/wire/server.h"
#include "patcher/wire/mem.h"
#include "patcher/wire/verbs.h"

#define QUICK_POLLS	64u	/* after so many polls of a transaction its progress is reported */

/* ---- lines out ---- */

/* Starts a line. It keeps room for its end; what the caller appends may be cut. */
static struct text begin(struct server_line *l, enum line_kind kind, uint32_t seq)
{
	struct text t;

	text_init(&t, l->buf, LINE_MAX_LEN - LINE_CRC_LEN + 1);
	line_begin(&t, kind, seq);
	l->len = 0;
	return t;
}

/* Ends a line. One that was cut, perhaps inside a value, keeps its first word only. */
static void finish(struct server_line *l, struct text *t, enum line_kind kind)
{
	t->buf[0] = (char)kind;
	if (t->cut) {
		t->cut = false;
		for (t->len = 0; t->buf[t->len] && t->buf[t->len] != ' ';)
			t->len++;
		text_str(t, " cut=1");
	}
	t->cap = sizeof(l->buf);
	line_end(t);
	l->len = t->len;
}

/* Sends the lines that are due, as far as the queue takes them. True if none is left. */
static bool flush(struct server *s)
{
	if (s->out.len && !s->ops->send(s->out.buf, s->out.len))
		return false;
	s->out.len = 0;
	if (s->reply_due && !s->ops->send(s->reply.buf, s->reply.len))
		return false;
	s->reply_due = false;
	if (s->result.len && !s->ops->send(s->result.buf, s->result.len))
		return false;
	s->result.len = 0;
	return true;
}

/*
 * Refuses a line that is not a request of this session. The refusal is not kept, and dropped
 * while the queue is full: the other end asks again.
 */
static void reject(struct server *s, uint32_t seq, const char *code, const char *field,
		   const char *what)
{
	struct text t;

	s->bad_lines++;
	if (!flush(s))
		return;
	t = begin(&s->out, LINE_REFUSED, seq);
	verb_refuse(&t, code, field, what);
	finish(&s->out, &t, LINE_REFUSED);
}

/* Reports the progress of the transaction to request @seq. */
static void busy(struct server *s, uint32_t seq)
{
	struct text t;

	if (!flush(s))
		return;
	t = begin(&s->out, LINE_PART, seq);
	text_format(&t, " busy%s", s->progress);
	finish(&s->out, &t, LINE_PART);
}

/* ---- requests ---- */

/* Checks what all verbs have in common, then runs the verb. */
static int run(struct server *s, const struct verb *v, struct text *t)
{
	if (!verb_args_good(v, &s->line, t))
		return SERVER_REFUSED;
	if (s->pending && (v->flags & CHANGES) && !(v->flags & ANY_TIME)) {
		verb_refuse(t, "busy", "verb", "a transaction is under way");
		text_format(t, " pending=%s", s->pending->name);
		return SERVER_REFUSED;
	}
	if (s->multi && s->multi_seq && v->part && !s->line.seq)
		return verb_refuse(t, "busy", "verb", "another long answer is on its way");
	return v->run(s, t);
}

/* Carries out the request s->line. Its reply is in @l, or comes later. */
static void answer(struct server *s, const struct verb *v, struct server_line *l)
{
	uint32_t seq = s->line.seq;
	struct text t = begin(l, LINE_DONE, seq);
	int r = v ? run(s, v, &t) : verb_refuse(&t, "unknown-verb", "verb", "try help");

	if (r == SERVER_LINES) {
		s->multi = v;
		s->multi_seq = seq;
	} else if (r == SERVER_PENDING) {
		s->pending = v;
		s->pending_seq = seq;
		s->pending_polls = 0;
		s->progress[0] = '\0';
	} else {
		finish(l, &t, r == SERVER_DONE ? LINE_DONE : LINE_REFUSED);
	}
}

/* A request without a number. */
static void person(struct server *s)
{
	const struct verb *v = verb_find(s->line.verb);

	if (v && (v->flags & CHANGES)) {
		reject(s, 0, "not-allowed", "seq",
		       "only with sequence number and CRC: use the subtext tool");
		return;
	}
	if (flush(s))
		answer(s, v, &s->out);
}

static void answer_numbered(struct server *s, const struct verb *v)
{
	s->multi = NULL;
	s->reply_due = false;
	answer(s, v, &s->reply);
	s->reply_due = s->reply.len != 0;
}

/* The last request came again: its answer was lost. */
static void repeat(struct server *s, const struct verb *v)
{
	s->dup_lines++;
	if (s->pending && s->pending_seq == s->last_seq)
		busy(s, s->last_seq);
	else if (!v || (v->flags & CHANGES))
		s->reply_due = true;
	else
		answer_numbered(s, v);
}

/* A request with a number: docs/protocol.md has the table of what is done with it. */
static void numbered(struct server *s)
{
	const struct verb *v = verb_find(s->line.verb);

	if (v && (v->flags & BEGINS)) {
		s->session = false;	/* hello sets it if its arguments are good */
		s->events_on = false;	/* the new client asks for events if it wants them */
	} else if (!s->session) {
		reject(s, s->line.seq, "no-session", "seq", "send hello first");
		return;
	} else if (s->line.seq == s->last_seq && s->line.crc == s->last_crc) {
		repeat(s, v);
		return;
	} else if (s->line.seq != line_next_seq(s->last_seq)) {
		reject(s, s->line.seq, "bad-seq", "seq", "not the next number: send hello");
		return;
	}
	s->last_seq = s->line.seq;
	s->last_crc = s->line.crc;
	answer_numbered(s, v);
}

/* A line came in whole, or it was too long. */
static void take_line(struct server *s, enum line_error e)
{
	enum line_error parsed = line_parse(s->reader.buf, &s->line);

	s->lines++;
	if (!e)
		e = parsed;
	if (s->overrun)
		reject(s, 0, "overrun", "line", "bytes were lost");
	else if (s->line.kind != LINE_PERSON && s->line.kind != LINE_REQUEST)
		s->bad_lines++;		/* an echo of a line that was sent: never answered */
	else if (e && e != LINE_EMPTY)
		reject(s, 0, line_error_name(e), line_error_field(e), "not understood");
	else if (!e && s->line.kind == LINE_PERSON)
		person(s);
	else if (!e)
		numbered(s);
	s->overrun = false;
}

/* ---- the four calls ---- */

void server_init(struct server *s, const struct server_ops *ops, uint64_t nonce,
		 void *upload, size_t cap)
{
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	s->nonce = nonce;
	s->upload = upload;
	s->upload_cap = cap;
}

void server_input(struct server *s, char c)
{
	enum line_error e;

	if (!line_feed(&s->reader, c, &e))
		return;
	take_line(s, e);
	flush(s);
}

void server_overrun(struct server *s)
{
	s->overrun = true;
}

/*
 * Goes on with the transaction, whether the line takes bytes or not: the guest waits for the one and
 * not for the other. The final answer is kept if it belongs to the last request.
 */
static void poll_pending(struct server *s)
{
	bool last = s->pending_seq && s->pending_seq == s->last_seq;
	struct server_line *l = last ? &s->reply : &s->result;
	struct text t, progress;
	enum server_result r;

	if (!s->pending)
		return;
	t = begin(l, LINE_DONE, s->pending_seq);
	text_init(&progress, s->progress, sizeof(s->progress));
	r = s->ops->poll(&t, &progress);
	if (progress.cut)
		s->progress[0] = '\0';
	if (r == SERVER_PENDING) {
		if (++s->pending_polls == QUICK_POLLS && last)
			busy(s, s->pending_seq);
		return;
	}
	finish(l, &t, r == SERVER_DONE ? LINE_DONE : LINE_REFUSED);
	s->pending = NULL;
	s->reply_due |= last;
}

/* Sends one line of an answer of several lines, or its end. */
static void send_part(struct server *s)
{
	struct server_line *end = s->multi_seq ? &s->reply : &s->out;
	uint64_t pos = s->multi_pos;
	struct text t = begin(&s->out, LINE_PART, s->multi_seq);
	size_t head;

	text_format(&t, " i=%lu", pos);
	head = t.len;
	if (!s->multi->part(s, &s->multi_pos, &t)) {
		s->multi = NULL;
		t = begin(end, LINE_DONE, s->multi_seq);
		text_format(&t, " next=%lu", pos);
		finish(end, &t, LINE_DONE);
		s->reply_due = s->multi_seq != 0;
		return;
	}
	text_format(&t, " next=%lu", s->multi_pos);
	if (t.cut) {
		t.cut = false;
		t.len = head;
		text_format(&t, " cut=1 next=%lu", s->multi_pos);
	}
	finish(&s->out, &t, LINE_PART);
}

/* Sends one event. False if there is none. */
static bool send_event(struct server *s)
{
	uint32_t number;
	const char *text = s->ops->event(&number);
	struct text t;

	if (!text)
		return false;
	t = begin(&s->out, LINE_EVENT, number);
	text_format(&t, " %s", text);
	finish(&s->out, &t, LINE_EVENT);
	return true;
}

bool server_poll(struct server *s)
{
	bool more = true;

	poll_pending(s);
	if (!flush(s))
		return true;
	if (s->multi)
		send_part(s);
	else if (!s->events_on || !send_event(s))
		more = s->pending != NULL;
	return !flush(s) || more;
}
