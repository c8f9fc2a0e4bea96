/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's end of the protocol: see server.h and docs/protocol.md. */
#include "patcher/wire/server.h"
#include "patcher/wire/base64.h"
#include "patcher/wire/crc32.h"
#include "patcher/wire/mem.h"

#define MAX_INDEX	0x7fffffffu	/* of a line of help, list or sites */
#define QUICK_POLLS	64u		/* of a transaction, before a line goes into its progress */

/*
 * What a verb may be asked for. One that only asks is carried out again when its
 * request is repeated; of one that changes something the reply is kept and repeated.
 */
enum verb_flags {
	ASKS = 0,		/* anybody, at any time */
	CHANGES = 1,		/* only with a sequence number; takes counter= and sig= */
	ANY_TIME = 2,		/* also while a transaction is pending */
	TAKES_WORD = 4,		/* has arguments without a key, which it checks itself */
};

#define VERB_KEYS	2u

/* Besides enum server_result: the answer has several lines. */
enum { SERVER_LINES = SERVER_PENDING + 1 };

struct verb {
	const char *name;
	unsigned int flags;
	const char *keys[VERB_KEYS];	/* of its arguments */
	const char *help;
	int (*run)(struct server *s, struct text *t);
	/* For SERVER_LINES: keys of the line at *@pos; moves *@pos on. False at the end. */
	bool (*part)(struct server *s, uint64_t *pos, struct text *t);
};

static int refuse(struct text *t, const char *code, const char *field, const char *what)
{
	/* The name of a field may come from the request; the reply must fit in a line. */
	text_format(t, " code=%s field=%s what=%s", code, strlen(field) <= 40 ? field : "args", what);
	return SERVER_REFUSED;
}

/* ---- arguments ---- */

/* A number from @min to @max; false, and the refusal written, if it is missing or wrong. */
static bool arg_number(struct server *s, struct text *t, const char *key, uint64_t min,
		       uint64_t max, uint64_t *v)
{
	const char *value = line_get(&s->line, key);
	const char *wrong = !value ? "missing" : !text_parse_u64(value, v) ? "not a number" :
		*v < min || *v > max ? "out of range" : NULL;

	if (wrong)
		refuse(t, "bad-arg", key, wrong);
	return !wrong;
}

static bool arg_bytes(struct server *s, struct text *t, const char *key, uint8_t *p, size_t n)
{
	const char *value = line_get(&s->line, key);
	const char *wrong = !value ? "missing" : text_parse_bytes(value, p, n) ? NULL :
		"not hex digits of the right number";

	if (wrong)
		refuse(t, "bad-arg", key, wrong);
	return !wrong;
}

/* Answers of several lines begin where from= says. */
static int run_lines(struct server *s, struct text *t)
{
	s->multi_pos = 0;
	if (line_get(&s->line, "from") && !arg_number(s, t, "from", 0, UINT64_MAX, &s->multi_pos))
		return SERVER_REFUSED;
	return SERVER_LINES;
}

/* Has the verb this key? */
static bool key_known(const struct verb *v, const char *key)
{
	for (unsigned int i = 0; i < VERB_KEYS && v->keys[i]; i++)
		if (text_same(v->keys[i], key))
			return true;
	return (v->flags & CHANGES) && (text_same(key, "counter") || text_same(key, "sig"));
}

/* Unknown arguments and those given twice are refused: nobody means them. */
static bool args_good(const struct verb *v, const struct line *l, struct text *t)
{
	for (unsigned int i = 0; i < l->nargs; i++) {
		const struct line_arg *a = &l->args[i];
		bool known = a->key[0] ? key_known(v, a->key) : v->flags & TAKES_WORD;

		if (!known || (a->key[0] && line_get(l, a->key) != a->value)) {
			refuse(t, "bad-arg", a->key[0] ? a->key : a->value,
			       known ? "given twice" : "unknown");
			return false;
		}
	}
	return true;
}

/* ---- verbs that ask ---- */

static int run_hello(struct server *s, struct text *t)
{
	uint64_t proto = SERVER_PROTO;

	if (line_get(&s->line, "proto") &&
	    !arg_number(s, t, "proto", SERVER_PROTO, SERVER_PROTO, &proto))
		return SERVER_REFUSED;
	if (s->line.seq) {
		s->session = true;
		s->pending_seq = 0;
	}
	text_format(t, " proto=%u version=%s nonce=0x%lx max_line=%u max_file=%lu", SERVER_PROTO,
		    s->ops->version, s->nonce, LINE_MAX_LEN, s->upload_cap);
	if (s->pending)
		text_format(t, " pending=%s", s->pending->name);
	return SERVER_DONE;
}

static int run_info(struct server *s, struct text *t)
{
	text_format(t, " lines=%u bad_lines=%u dup_lines=%u upload=%lu upload_size=%lu", s->lines,
		    s->bad_lines, s->dup_lines, s->upload_got, s->upload_size);
	s->ops->info(t);
	return SERVER_DONE;
}

static bool part_list(struct server *s, uint64_t *pos, struct text *t)
{
	return *pos < MAX_INDEX && s->ops->list((unsigned int)*pos, t) && ++*pos;
}

static bool part_sites(struct server *s, uint64_t *pos, struct text *t)
{
	return *pos < MAX_INDEX && s->ops->sites(s->multi_id, (unsigned int)*pos, t) && ++*pos;
}

static int run_sites(struct server *s, struct text *t)
{
	size_t len = t->len;
	bool known;

	if (!arg_bytes(s, t, "id", s->multi_id, sizeof(s->multi_id)))
		return SERVER_REFUSED;
	/* A patch has at least one site: ask for it, forget the answer. */
	known = s->ops->sites(s->multi_id, 0, t);
	t->len = len;
	t->buf[len] = '\0';
	t->cut = false;
	return known ? run_lines(s, t) : refuse(t, "state", "id", "no such patch");
}

static bool part_log(struct server *s, uint64_t *pos, struct text *t)
{
	return s->ops->log(pos, t);
}

static int run_events(struct server *s, struct text *t)
{
	const char *word = s->line.args[0].value;

	if (s->line.nargs != 1)
		return refuse(t, "bad-arg", "on|off", "missing");
	if (!text_same(word, "on") && !text_same(word, "off"))
		return refuse(t, "bad-arg", word, "unknown");
	s->events_on = text_same(word, "on");
	return SERVER_DONE;
}

/* ---- verbs that change something ---- */

static int run_put(struct server *s, struct text *t)
{
	uint64_t size;
	uint32_t crc;

	if (!arg_number(s, t, "size", 1, s->upload_cap, &size) ||
	    !arg_bytes(s, t, "crc", (uint8_t *)&crc, sizeof(crc)))
		return SERVER_REFUSED;
	crc = __builtin_bswap32(crc);
	if (size != s->upload_size || crc != s->upload_crc) {
		s->upload_size = (size_t)size;
		s->upload_crc = crc;
		s->upload_got = 0;
		s->upload_crc_got = 0;
	}
	text_format(t, " next=%lu", s->upload_got);
	return SERVER_DONE;
}

/* The upload is not as the request wants it: say how it is. */
static int refuse_upload(struct server *s, struct text *t, const char *code, const char *field)
{
	text_format(t, " code=%s field=%s next=%lu size=%lu", code, field, s->upload_got,
		    s->upload_size);
	return SERVER_REFUSED;
}

static int run_data(struct server *s, struct text *t)
{
	const char *b64 = line_get(&s->line, "b64");
	uint8_t *to = s->upload + s->upload_got;
	uint64_t off;
	size_t n;

	if (!s->upload_size)
		return refuse_upload(s, t, "no-upload", "verb");
	if (!arg_number(s, t, "off", 0, s->upload_size, &off))
		return SERVER_REFUSED;
	if (off != s->upload_got)
		return refuse_upload(s, t, "bad-offset", "off");
	if (!b64 || !base64_decode(b64, to, s->upload_size - s->upload_got, &n) || !n)
		return refuse(t, "bad-arg", "b64", "not base64, or more than announced");
	s->upload_crc_got = crc32_update(s->upload_crc_got, to, n);
	s->upload_got += n;
	if (s->upload_got == s->upload_size && s->upload_crc_got != s->upload_crc) {
		s->upload_size = s->upload_got = 0;
		return refuse(t, "bad-crc", "crc", "not the file announced: send it again");
	}
	text_format(t, " next=%lu", s->upload_got);
	return SERVER_DONE;
}

/* Starts a transaction with a patch that the hypervisor holds. */
static int start_held(struct server *s, struct text *t, enum server_start what)
{
	uint8_t id[SERVER_ID_LEN];

	return arg_bytes(s, t, "id", id, sizeof(id)) ?
	       (int)s->ops->start(what, id, sizeof(id), t) : SERVER_REFUSED;
}

static int run_apply(struct server *s, struct text *t)
{
	if (line_get(&s->line, "id"))
		return start_held(s, t, SERVER_APPLY_HELD);
	if (!s->upload_size || s->upload_got != s->upload_size)
		return refuse_upload(s, t, "no-upload", "verb");
	return (int)s->ops->start(SERVER_APPLY_FILE, s->upload, s->upload_size, t);
}

static int run_revert(struct server *s, struct text *t)
{
	return start_held(s, t, SERVER_REVERT);
}

static int run_abort(struct server *s, struct text *t)
{
	if (!s->pending)
		return refuse(t, "state", "verb", "nothing is under way");
	return (int)s->ops->abort(t);
}

static int run_set(struct server *s, struct text *t)
{
	const char *key = line_get(&s->line, "key"), *value = line_get(&s->line, "value");

	if (!key || !value)
		return refuse(t, "bad-arg", key ? "value" : "key", "missing");
	if (!s->ops->set(key, value))
		return refuse(t, "bad-arg", key, "unknown, or its value is out of range");
	return SERVER_DONE;
}

static bool part_help(struct server *s, uint64_t *pos, struct text *t);

static const struct verb verbs[] = {
	{ "help", ASKS, { "from" }, "help: this; from put on: tool only", run_lines, part_help },
	{ "info", ASKS, { NULL }, "info: the machine, the hypervisor, counters", run_info, NULL },
	{ "list", ASKS, { "from" }, "list: patches and their state", run_lines, part_list },
	{ "sites", ASKS, { "id", "from" }, "sites id=ID: functions replaced", run_sites, part_sites },
	{ "log", ASKS, { "from" }, "log [from=POSITION]: the hypervisor's log", run_lines, part_log },
	{ "events", TAKES_WORD, { NULL }, "events on|off: report events, or not", run_events, NULL },
	{ "hello", ASKS, { "proto" }, "hello [proto=1]: begin a session", run_hello, NULL },
	{ "put", CHANGES, { "size", "crc" }, "put size=N crc=CRC: announce a file", run_put, NULL },
	{ "data", CHANGES, { "off", "b64" }, "data off=N b64=...: a piece of it", run_data, NULL },
	{ "apply", CHANGES, { "id" }, "apply [id=ID]: put a patch into force", run_apply, NULL },
	{ "revert", CHANGES, { "id" }, "revert id=ID: take a patch back", run_revert, NULL },
	{ "abort", CHANGES | ANY_TIME, { NULL }, "abort: give up what is pending", run_abort, NULL },
	{ "set", CHANGES, { "key", "value" }, "set key=K value=V: change a setting", run_set, NULL },
};

#define NVERBS	(sizeof(verbs) / sizeof(verbs[0]))

static bool part_help(struct server *s, uint64_t *pos, struct text *t)
{
	(void)s;
	if (*pos >= NVERBS)
		return false;
	text_format(t, " text=%s", verbs[(*pos)++].help);
	return true;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < NVERBS; i++)
		if (text_same(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

/* ---- lines out ---- */

/* Starts a line whose end always fits: what is appended in between may be cut. */
static struct text begin(struct server_line *l, enum line_kind kind, uint32_t seq)
{
	struct text t;

	text_init(&t, l->buf, LINE_MAX_LEN - LINE_CRC_LEN + 1);
	line_begin(&t, kind, seq);
	l->len = 0;
	return t;
}

/* Ends it. A line that was cut may be cut anywhere: keep its first word only. */
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

/* Sends what is due as far as it fits. True if nothing is left. */
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
 * A refusal that is not kept, because its line was not a request of this session.
 * Dropped if the line out is stuck: the other end will ask again.
 */
static void reject(struct server *s, uint32_t seq, const char *code, const char *field,
		   const char *what)
{
	struct text t;

	s->bad_lines++;
	if (!flush(s))
		return;
	t = begin(&s->out, LINE_REFUSED, seq);
	refuse(&t, code, field, what);
	finish(&s->out, &t, LINE_REFUSED);
}

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

static int run(struct server *s, const struct verb *v, struct text *t)
{
	if (!args_good(v, &s->line, t))
		return SERVER_REFUSED;
	if (s->pending && (v->flags & CHANGES) && !(v->flags & ANY_TIME)) {
		refuse(t, "busy", "verb", "a transaction is under way");
		text_format(t, " pending=%s", s->pending->name);
		return SERVER_REFUSED;
	}
	if (s->multi && s->multi_seq && v->part && !s->line.seq)
		return refuse(t, "busy", "verb", "another long answer is on its way");
	return v->run(s, t);
}

/* Carries a request out; its reply goes to @l, now or later. */
static void answer(struct server *s, const struct verb *v, struct server_line *l)
{
	uint32_t seq = s->line.seq;
	struct text t = begin(l, LINE_DONE, seq);
	int r = v ? run(s, v, &t) : refuse(&t, "unknown-verb", "verb", "try help");

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

static void person(struct server *s)
{
	const struct verb *v = find_verb(s->line.verb);

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

/* The request last dealt with, once more: its answer was lost. */
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

static uint32_t next_seq(uint32_t seq)
{
	return seq == UINT32_MAX ? 1 : seq + 1;
}

static void numbered(struct server *s)
{
	const struct verb *v = find_verb(s->line.verb);

	if (v && v->run == run_hello) {
		s->session = false;	/* until it is answered with yes */
		s->events_on = false;	/* who comes now may not want them: they stay for who does */
	} else if (!s->session) {
		reject(s, s->line.seq, "no-session", "seq", "say hello first");
		return;
	} else if (s->line.seq == s->last_seq && s->line.crc == s->last_crc) {
		repeat(s, v);
		return;
	} else if (s->line.seq != next_seq(s->last_seq)) {
		reject(s, s->line.seq, "bad-seq", "seq", "not the next number: say hello");
		return;
	}
	s->last_seq = s->line.seq;
	s->last_crc = s->line.crc;
	answer_numbered(s, v);
}

static void take_line(struct server *s, enum line_error e)
{
	enum line_error parsed = line_parse(s->reader.buf, &s->line);

	s->lines++;
	if (!e)
		e = parsed;
	if (s->overrun)
		reject(s, 0, "overrun", "line", "bytes were lost");
	else if (s->line.kind != LINE_PERSON && s->line.kind != LINE_REQUEST)
		s->bad_lines++;		/* our own come back (an echo): never answered */
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

static void poll_pending(struct server *s)
{
	struct text t, progress;
	enum server_result r;
	bool waits;

	if (!s->pending)
		return;
	t = begin(&s->result, LINE_DONE, s->pending_seq);
	text_init(&progress, s->progress, sizeof(s->progress));
	r = s->ops->poll(&t, &progress);
	if (progress.cut)
		s->progress[0] = '\0';
	waits = s->pending_seq && s->pending_seq == s->last_seq;
	if (r == SERVER_PENDING) {
		if (++s->pending_polls == QUICK_POLLS && waits)
			busy(s, s->pending_seq);
		return;
	}
	finish(&s->result, &t, r == SERVER_DONE ? LINE_DONE : LINE_REFUSED);
	s->pending = NULL;
	if (!waits)
		return;
	s->reply = s->result;
	s->reply_due = true;
	s->result.len = 0;
}

/* One line of a long answer, or its end. */
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
