/* SPDX-License-Identifier: GPL-2.0-only */
/* What each verb of the protocol does: one table. docs/protocol.md is the specification. */
#include "patcher/wire/verbs.h"
#include "patcher/wire/base64.h"
#include "patcher/wire/crc32.h"
#include "patcher/wire/mem.h"

#define MAX_INDEX	0x7fffffffu	/* largest index of a line of list or sites */

int verb_refuse(struct text *t, const char *code, const char *field, const char *what)
{
	/* The request may have named the field; the reply must fit in a line. */
	text_format(t, " code=%s field=%s what=%s", code, strlen(field) <= 40 ? field : "args", what);
	return SERVER_REFUSED;
}

/* ---- arguments ---- */

/* The number that argument @key is, @min to @max. False, the refusal in @t, if it is not. */
static bool arg_number(struct server *s, struct text *t, const char *key, uint64_t min,
		       uint64_t max, uint64_t *v)
{
	const char *value = line_get(&s->line, key);
	const char *wrong = !value ? "missing" : !text_parse_u64(value, v) ? "not a number" :
		*v < min || *v > max ? "out of range" : NULL;

	if (wrong)
		verb_refuse(t, "bad-arg", key, wrong);
	return !wrong;
}

/* The @n bytes of argument @key, given as hex digits. False as above. */
static bool arg_bytes(struct server *s, struct text *t, const char *key, uint8_t *p, size_t n)
{
	const char *value = line_get(&s->line, key);
	const char *wrong = !value ? "missing" : text_parse_bytes(value, p, n) ? NULL :
		"not hex digits of the right number";

	if (wrong)
		verb_refuse(t, "bad-arg", key, wrong);
	return !wrong;
}

/* Begins an answer of several lines where from= says. */
static int run_lines(struct server *s, struct text *t)
{
	s->multi_pos = 0;
	if (line_get(&s->line, "from") && !arg_number(s, t, "from", 0, UINT64_MAX, &s->multi_pos))
		return SERVER_REFUSED;
	return SERVER_LINES;
}

/* Does the verb take this key? */
static bool key_known(const struct verb *v, const char *key)
{
	for (unsigned int i = 0; i < VERB_KEYS && v->keys[i]; i++)
		if (text_same(v->keys[i], key))
			return true;
	return (v->flags & CHANGES) && (text_same(key, "counter") || text_same(key, "sig"));
}

bool verb_args_good(const struct verb *v, const struct line *l, struct text *t)
{
	for (unsigned int i = 0; i < l->nargs; i++) {
		const struct line_arg *a = &l->args[i];
		bool known = a->key[0] ? key_known(v, a->key) : v->flags & TAKES_WORD;

		if (!known || (a->key[0] && line_get(l, a->key) != a->value)) {
			verb_refuse(t, "bad-arg", a->key[0] ? a->key : a->value,
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
	struct text ignored;

	if (!arg_bytes(s, t, "id", s->multi_id, sizeof(s->multi_id)))
		return SERVER_REFUSED;
	/* Each patch has at least one site. */
	text_init(&ignored, NULL, 0);
	return s->ops->sites(s->multi_id, 0, &ignored) ? run_lines(s, t) :
	       verb_refuse(t, "state", "id", "no such patch");
}

static bool part_log(struct server *s, uint64_t *pos, struct text *t)
{
	return s->ops->log(pos, t);
}

static int run_events(struct server *s, struct text *t)
{
	const char *word = s->line.args[0].value;

	if (s->line.nargs != 1)
		return verb_refuse(t, "bad-arg", "on|off", "missing");
	if (!text_same(word, "on") && !text_same(word, "off"))
		return verb_refuse(t, "bad-arg", word, "unknown");
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

/* Refuses a request that does not fit the state of the upload, and says that state. */
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
		return verb_refuse(t, "bad-arg", "b64", "not base64, or more than announced");
	s->upload_crc_got = crc32_update(s->upload_crc_got, to, n);
	s->upload_got += n;
	if (s->upload_got == s->upload_size && s->upload_crc_got != s->upload_crc) {
		s->upload_size = s->upload_got = 0;
		return verb_refuse(t, "bad-crc", "crc", "not the file announced: send it again");
	}
	text_format(t, " next=%lu", s->upload_got);
	return SERVER_DONE;
}

/* Starts a transaction with the held patch that id= names. */
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
		return verb_refuse(t, "state", "verb", "nothing is under way");
	return (int)s->ops->abort(t);
}

static int run_set(struct server *s, struct text *t)
{
	const char *key = line_get(&s->line, "key"), *value = line_get(&s->line, "value");

	if (!key || !value)
		return verb_refuse(t, "bad-arg", key ? "value" : "key", "missing");
	if (!s->ops->set(key, value))
		return verb_refuse(t, "bad-arg", key, "unknown, or its value is out of range");
	return SERVER_DONE;
}

static bool part_help(struct server *s, uint64_t *pos, struct text *t);

static const struct verb verbs[] = {
	{ "help", ASKS, { "from" }, "help: lists the requests; use the subtext tool for put and those below it",
	  run_lines, part_help },
	{ "info", ASKS, { NULL }, "info: the machine, the hypervisor, counters", run_info, NULL },
	{ "list", ASKS, { "from" }, "list: patches and their state", run_lines, part_list },
	{ "sites", ASKS, { "id", "from" }, "sites id=ID: functions replaced", run_sites, part_sites },
	{ "log", ASKS, { "from" }, "log [from=POSITION]: the hypervisor's log", run_lines, part_log },
	{ "events", TAKES_WORD, { NULL }, "events on|off: report events, or not", run_events, NULL },
	{ "hello", BEGINS, { "proto" }, "hello [proto=1]: begin a session", run_hello, NULL },
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

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < NVERBS; i++)
		if (text_same(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}
