/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * line-chaos: a hostile client for the hypervisor's line. Each case sends something
 * that is wrong and demands the answer docs/protocol.md promises, then that a good
 * client is served as if nothing had been. All waits are bounded by the machine's time. TAP on
 * stdout, without a plan.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "guest-tests/dial.h"
#include "guest-tests/machine_time.h"
#include "patcher/wire/client.h"
#include "patcher/wire/crc32.h"
#include "patcher/wire/line.h"
#include "patcher/wire/patch.h"

#define PATIENCE_MS	120000u
#define MAX_FILE	PATCH_MAX_FILE

static const char *path;
static int fd = -1;
static unsigned int results;
static struct client client;
static struct line_reader reader;
static struct machine_time machine;

static void result(const char *why, const char *text)
{
	if (why)
		printf("not ok %u - %s # %s\n", ++results, text, why);
	else
		printf("ok %u - %s\n", ++results, text);
	fflush(stdout);
}

static uint64_t now_ms(void *ctx)
{
	(void)ctx;
	return (uint64_t)(machine_time(&machine) * 1000);
}

/* A new client; the one before has closed the line without an end of its session. */
static void redial(void)
{
	if (fd >= 0)
		close(fd);
	fd = dial(path);
	if (fd < 0) {
		perror(path);
		exit(3);
	}
	memset(&reader, 0, sizeof(reader));
}

static int take(void *ctx, char *buf, size_t len, unsigned int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	(void)ctx;
	if (poll(&p, 1, (int)ms) <= 0)
		return 0;
	n = read(fd, buf, len);
	return n > 0 ? (int)n : -1;
}

static int give(void *ctx, const char *buf, size_t len)
{
	(void)ctx;
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static void send_text(const char *s)
{
	give(NULL, s, strlen(s));
}

/* A well-formed numbered line; @request itself may be wrong. */
static void send_request(uint32_t seq, const char *request)
{
	char buf[LINE_MAX_LEN + 2];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	line_begin(&t, LINE_REQUEST, seq);
	text_char(&t, ' ');
	text_str(&t, request);
	line_end(&t);
	send_text(buf);
}

/* Any line, with a good CRC. */
static void send_sealed(const char *line)
{
	char buf[200];

	snprintf(buf, sizeof(buf), "%s *%08x\n", line, crc32_update(0, line, strlen(line)));
	send_text(buf);
}

/* The next good line that is a refusal or an end; parts and events are skipped. */
static bool next_reply(struct line *out, unsigned int ms)
{
	static char copy[LINE_MAX_LEN + 1];
	uint64_t until = now_ms(NULL) + ms;
	enum line_error e;
	char c;

	while (now_ms(NULL) < until) {
		if (take(NULL, &c, 1, 100) != 1 || !line_feed(&reader, c, &e) || e != LINE_OK)
			continue;
		memcpy(copy, reader.buf, sizeof(copy));
		if (line_parse(copy, out) == LINE_OK &&
		    (out->kind == LINE_REFUSED || out->kind == LINE_DONE))
			return true;
	}
	return false;
}

/* The refusal @code (of @field, unless NULL) must come, maybe after others. */
static void wants(const char *text, const char *code, const char *field)
{
	uint64_t until = now_ms(NULL) + PATIENCE_MS;
	static char why[200];
	struct line l;

	snprintf(why, sizeof(why), "no answer");
	while (now_ms(NULL) < until && next_reply(&l, PATIENCE_MS)) {
		const char *c = line_get(&l, "code"), *f = line_get(&l, "field");

		if (l.kind == LINE_REFUSED && c && !strcmp(c, code) &&
		    (!field || (f && !strcmp(f, field)))) {
			result(NULL, text);
			return;
		}
		snprintf(why, sizeof(why), "code=%s field=%s", c ? c : "none", f ? f : "none");
		if (l.kind == LINE_DONE)
			break;
	}
	result(why, text);
}

static void new_client(void)
{
	static const struct client_io io = { NULL, take, give, now_ms };
	static uint32_t seed = 12345;

	redial();
	client_init(&client, &io, seed += 7919);
	client.tries = 40;
}

/* A good client gets its answers. */
static bool served(const char *text)
{
	enum client_result r;

	new_client();
	r = client_hello(&client);
	if (r == CLIENT_DONE)
		r = client_request(&client, "info");
	if (text)
		result(r == CLIENT_DONE ? NULL : client_result_text(r), text);
	return r == CLIENT_DONE;
}

static void garbage(void)
{
	uint32_t x = 0x12345678, i;
	char buf[4096];

	redial();
	for (i = 0; i < sizeof(buf); i++) {
		x = x * 1664525 + 1013904223;
		buf[i] = (char)(x >> 24);
	}
	give(NULL, buf, sizeof(buf));
	served("4096 random bytes, then a good client");
	redial();
	for (i = 0; i < 512; i++) {
		buf[2 * i] = (char)(i / 2);
		buf[2 * i + 1] = i & 1 ? '\n' : 'x';
	}
	give(NULL, buf, 1024);
	served("each byte value in a line of its own, then a good client");
	redial();
	memset(buf, '\n', sizeof(buf));
	give(NULL, buf, sizeof(buf));
	served("4096 empty lines, then a good client");
}

static void half_lines(void)
{
	redial();
	send_text("#12 inf");
	served("half a line, the client vanishes, another comes");
	redial();
	send_text("\n#12 info *0123");
	served("half a CRC, the client vanishes, another comes");
	redial();
	send_text("\n#1 set key=\"unfinished");
	served("an open quote, the client vanishes, another comes");
}

/* @size: of the longest line; at 115200 baud 1 MiB takes a while. */
static void long_lines(size_t size)
{
	static char buf[4096], text[60];
	size_t i;

	redial();
	memset(buf, 'a', sizeof(buf));
	give(NULL, buf, LINE_MAX_LEN + 1);
	send_text("\n");
	wants("a line one byte too long", "too-long", NULL);
	for (i = 0; i < size / sizeof(buf); i++)
		give(NULL, buf, sizeof(buf));
	send_text("\n");
	snprintf(text, sizeof(text), "a line of %zu KiB", size >> 10);
	wants(text, "too-long", NULL);
	served("a good client after it");
}

static void broken_lines(void)
{
	static const struct {
		const char *line, *code, *text;
	} cases[] = {
		{ "#5 info *00000000\n", "bad-crc", "a wrong CRC" },
		{ "#5 info\n", "no-crc", "a numbered line without CRC" },
		{ "frobnicate\n", "unknown-verb", "a person's unknown verb" },
		{ "revert id=0123456789abcdef\n", "not-allowed", "a person who wants a change" },
		{ "list from=\"1\n", "bad-byte", "a lone quote" },
		{ "list\001\n", "bad-byte", "a control character" },
	};
	unsigned int i;

	served(NULL);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_text(cases[i].line);
		wants(cases[i].text, cases[i].code, NULL);
	}
	send_sealed("#x info");
	wants("a sequence number that is none", "bad-seq", NULL);
	send_sealed("#99999999999 info");
	wants("a sequence number out of range", "bad-seq", NULL);
	send_sealed("#12");
	wants("a number without a verb", "no-verb", NULL);
	for (i = 0; i < 60; i++)
		send_text("word ");
	send_text("\n");
	wants("too many words", "too-many-args", NULL);
}

/* Numbers: after hello with number N the next is N + 1. */
static void wrong_numbers(void)
{
	struct line l;

	redial();
	send_text("\n");
	send_request(4000, "hello proto=1");
	while (next_reply(&l, PATIENCE_MS) && !(l.kind == LINE_DONE && l.seq == 4000))
		;
	send_request(4005, "info");
	wants("a number too high", "bad-seq", "seq");
	send_request(3999, "info");
	wants("a number too low", "bad-seq", "seq");
	send_request(4001, "frobnicate");
	wants("an unknown verb", "unknown-verb", "verb");
	send_request(4002, "info colour=red");
	wants("an unknown argument", "bad-arg", "colour");
	send_request(4003, "list from=1 from=2");
	wants("an argument given twice", "bad-arg", "from");
	send_request(4004, "list from=-1");
	wants("a negative number", "bad-arg", "from");
	send_request(4005, "hello proto=2");
	wants("another protocol", "bad-arg", "proto");
	send_request(4006, "revert id=123");
	wants("an id too short, after that", "no-session", NULL);
}

static void asks(const char *request, const char *code, const char *field, const char *text)
{
	enum client_result r = client_request(&client, request);
	const char *c = client_get(&client, "code"), *f = client_get(&client, "field");
	char why[120];

	if (r == CLIENT_REFUSED && c && !strcmp(c, code) && (!field || (f && !strcmp(f, field)))) {
		result(NULL, text);
		return;
	}
	snprintf(why, sizeof(why), "%s code=%s field=%s", client_result_text(r), c ? c : "none",
		 f ? f : "none");
	result(why, text);
}

static void wrong_requests(void)
{
	served(NULL);
	asks("put size=0 crc=00000000", "bad-arg", "size", "an empty upload");
	asks("put size=524289 crc=00000000", "bad-arg", "size", "an upload too large");
	asks("put size=18446744073709551616 crc=00000000", "bad-arg", "size", "a size of 2^64");
	asks("put size=100", "bad-arg", "crc", "an upload without CRC");
	asks("put size=10 crc=00000000 size=20", "bad-arg", "size", "two sizes");
	client_request(&client, "put size=10 crc=01020304");
	asks("apply", "no-upload", NULL, "apply of an upload that is not whole");
	asks("data off=5 b64=QUJD", "bad-offset", "off", "data at a wrong offset");
	asks("data off=99999999 b64=QUJD", "bad-arg", "off", "data far outside");
	asks("data off=0 b64=QUJ", "bad-arg", "b64", "data that is not base64");
	asks("data off=0 b64=QUJDREVGR0hJSktMTU5P", "bad-arg", "b64", "more data than announced");
	asks("data off=0 b64=QUJDREVGR0hJSg==", "bad-crc", "crc", "a file that is not the announced one");
	asks("apply", "no-upload", NULL, "apply of what was thrown away");
	asks("apply id=0123456789abcdef", "state", NULL, "apply of an unknown patch");
	asks("revert id=0123456789abcdef", "state", NULL, "revert of an unknown patch");
	asks("revert id=0123456789ABCDEFG", "bad-arg", "id", "an id that is none");
	asks("revert", "bad-arg", "id", "revert of nothing");
	asks("sites id=0123456789abcdef", "state", NULL, "sites of an unknown patch");
	asks("set key=gravity value=0", "bad-arg", NULL, "an unknown setting");
	asks("abort", "state", NULL, "abort of nothing");
}

struct file {
	uint8_t *bytes;
	size_t len;
};

static struct file load(const char *name)
{
	struct file f = { calloc(1, MAX_FILE), 0 };
	FILE *in = fopen(name, "rb");

	if (!in || !f.bytes || (f.len = fread(f.bytes, 1, MAX_FILE, in)) < sizeof(struct patch_header)) {
		perror(name);
		exit(2);
	}
	fclose(in);
	return f;
}

static void seal(const struct file *f)
{
	((struct patch_header *)f->bytes)->crc = 0;
	((struct patch_header *)f->bytes)->crc = patch_crc(f->bytes, f->len);
}

static enum client_result send_and_apply(const struct file *f)
{
	enum client_result r = client_upload(&client, f->bytes, f->len, NULL, NULL);

	return r == CLIENT_DONE ? client_request(&client, "apply") : r;
}

struct mutation {
	const char *code, *field, *text;
	char part;		/* h: header, s: first site, f: first fixup, t: strings, l: length */
	uint16_t offset;
	uint8_t size;
	uint64_t value;
};

#define H(member)	'h', offsetof(struct patch_header, member)
#define S(member)	's', offsetof(struct patch_site, member)
#define F(member)	'f', offsetof(struct patch_fixup, member)
#define BAD		"bad-patch"

static const struct mutation mutations[] = {
	{ BAD, "magic", "magic", H(magic), 1, 'X' },
	{ BAD, "version", "version", H(version), 2, 2 },
	{ BAD, "header_size", "header_size", H(header_size), 2, 240 },
	{ BAD, "file_size", "file_size", H(file_size), 4, 12345 },
	{ BAD, "file_size", "file cut short", 'l', 8, 0, 0 },
	{ BAD, "flags", "flags", H(flags), 4, 1 },
	{ BAD, "crc", "crc", H(crc), 4, 0x12345678 },
	{ BAD, "name", "name", H(name), 1, ' ' },
	{ BAD, "name", "name of nothing", H(name), 8, 0 },
	{ BAD, "anchor", "anchor", H(anchor), 8, 0x1000 },
	{ BAD, "build_id_addr", "build_id_addr", H(build_id_addr), 8, 0x1000 },
	{ BAD, "build_id_len", "build_id_len 0", H(build_id_len), 4, 0 },
	{ BAD, "build_id_len", "build_id_len 33", H(build_id_len), 4, 33 },
	{ BAD, "build_id", "build_id padding", H(build_id) + 31, 1, 1 },
	{ BAD, "data_mem", "data_mem", H(data_mem), 4, 0x7fffffff },
	{ BAD, "reserved", "reserved", H(reserved), 1, 1 },
	{ BAD, "text", "text span unaligned", H(text), 4, 249 },
	{ BAD, "text", "text span over the header", H(text), 4, 16 },
	{ BAD, "data", "data span behind the file", H(data), 4, 0x40000 },
	{ BAD, "data", "data span wraps round", H(data), 4, 0xfffffff8 },
	{ BAD, "sites", "sites size", H(sites) + 4, 4, 33 },
	{ BAD, "sites", "no sites", H(sites) + 4, 4, 0 },
	{ BAD, "sites", "sites size of 4 GiB", H(sites) + 4, 4, 0xffffffe0 },
	{ BAD, "fixups", "fixups size", H(fixups) + 4, 4, 17 },
	{ BAD, "strings", "strings size", H(strings) + 4, 4, 1 },
	{ BAD, "meta", "meta offset", H(meta), 4, 7 },
	{ BAD, "signature", "signature size", H(signature) + 4, 4, 600 },
	{ BAD, "sites.addr", "sites.addr", S(addr), 8, 0x1000 },
	{ BAD, "sites.addr", "sites.addr at the end", S(addr), 8, 0xfffffffffffffffeull },
	{ BAD, "sites.target", "sites.target", S(target), 8, 0x100000 },
	{ BAD, "sites.expect", "sites.expect padding", S(expect) + 6, 1, 1 },
	{ BAD, "sites.flags", "sites.flags", S(flags), 1, 2 },
	{ BAD, "bodies", "bodies size", H(bodies) + 4, 4, 1 },
	{ BAD, "sites.name", "sites.name", S(name), 4, 0x10000 },
	{ BAD, "sites.target_kind", "sites.target_kind", S(target_kind), 1, 9 },
	{ BAD, "sites.place", "sites.place", S(place), 1, 9 },
	{ BAD, "sites.len", "sites.len", S(len), 1, 8 },
	{ BAD, "sites.insn_len", "sites.insn_len", S(insn_len), 1, 16 },
	{ BAD, "fixups.offset", "fixups.offset", F(offset), 4, 0x10000 },
	{ BAD, "fixups.type", "fixups.type", F(type), 1, 9 },
	{ BAD, "fixups.base", "fixups.base", F(base), 1, 9 },
	{ BAD, "fixups.in_data", "fixups.in_data", F(in_data), 1, 2 },
	{ BAD, "fixups.reserved", "fixups.reserved", F(reserved), 1, 1 },
	{ BAD, "strings", "strings without end", 't', 0, 1, 'x' },
	{ "build-id", NULL, "another build-id", H(build_id), 4, 0xdeadbeef },
	{ "unmapped", NULL, "a site that is not mapped", S(addr), 8, 0xffffffffbff00000ull },
	{ "bytes", NULL, "a site elsewhere", S(addr), 8, 0xffffffff81000000ull },
	{ "bytes", NULL, "other bytes expected", S(expect), 4, 0x90909090 },
	{ "window", NULL, "a window of two instructions", S(insn_len), 1, 3 },
};

static uint8_t *place_of(const struct file *f, const struct mutation *m)
{
	const struct patch_header *h = (const void *)f->bytes;
	uint32_t base = m->part == 's' ? h->sites.offset : m->part == 'f' ? h->fixups.offset :
			m->part == 't' ? h->strings.offset : 0;

	return f->bytes + base + m->offset;
}

static void broken_patch(const struct file *good, const struct mutation *m)
{
	struct file f = { malloc(MAX_FILE), good->len };
	char text[100], why[160];
	const char *code, *field;
	enum client_result r;

	memcpy(f.bytes, good->bytes, good->len);
	/* What the engine refuses the parser must not: its lists would not fit the site any more. */
	if (strcmp(m->code, BAD))
		memset(&((struct patch_header *)f.bytes)->bodies, 0, sizeof(struct patch_span));
	if (m->part == 'l')
		f.len -= m->offset;
	else
		memcpy(place_of(&f, m), &m->value, m->size);
	if (strcmp(m->text, "crc"))
		seal(&f);
	r = send_and_apply(&f);
	code = client_get(&client, "code");
	field = client_get(&client, "field");
	snprintf(text, sizeof(text), "patch with a broken field: %s", m->text);
	snprintf(why, sizeof(why), "%s code=%s field=%s", client_result_text(r), code ? code : "none",
		 field ? field : "none");
	if (r == CLIENT_REFUSED && code && !strcmp(code, m->code) &&
	    (!m->field || (field && !strcmp(field, m->field))))
		result(NULL, text);
	else
		result(why, text);
	free(f.bytes);
}

static void broken_patches(const struct file *good)
{
	unsigned int i;

	served(NULL);
	for (i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++)
		broken_patch(good, &mutations[i]);
}

/* Begins an upload of @f, leaves in the middle of a line. */
static void vanish(const struct file *f)
{
	char request[80];
	struct line l;

	redial();
	send_text("\n");
	send_request(70, "hello");
	while (next_reply(&l, PATIENCE_MS) && !(l.kind == LINE_DONE && l.seq == 70))
		;
	snprintf(request, sizeof(request), "put size=%zu crc=%08x", f->len,
		 crc32_update(0, f->bytes, f->len));
	send_request(71, request);
	while (next_reply(&l, PATIENCE_MS) && l.seq != 71)
		;
	send_request(72, "data off=0 b64=U1VCVEVYVAA=");
	while (next_reply(&l, PATIENCE_MS) && l.seq != 72)
		;
	send_text("#73 data off=8 b64=AAAA");
}

static void vanishing_clients(const struct file *f, const struct file *other)
{
	enum client_result r;
	const char *next;

	vanish(f);
	served("a client vanishes in the middle of an upload, another comes");
	vanish(f);
	new_client();
	r = client_upload(&client, other->bytes, other->len, NULL, NULL);
	result(r == CLIENT_DONE ? NULL : client_result_text(r), "it uploads another file");
	vanish(f);
	new_client();
	{
		char request[80];

		snprintf(request, sizeof(request), "put size=%zu crc=%08x", f->len,
			 crc32_update(0, f->bytes, f->len));
		r = client_request(&client, request);
	}
	next = client_get(&client, "next");
	result(r == CLIENT_DONE && next && !strcmp(next, "8") ? NULL : "not where it stopped",
	       "the same file goes on where it stopped");
}

/* The client goes while its patch is being applied; the next client can revert the patch. */
static void gone_while_pending(const struct file *f)
{
	enum client_result r;
	char request[64];
	unsigned int i;

	new_client();
	r = client_upload(&client, f->bytes, f->len, NULL, NULL);
	if (r == CLIENT_DONE) {
		send_request(client.seq + 1, "apply");
		usleep(1000);
	}
	snprintf(request, sizeof(request), "revert id=");
	for (i = 0; i < 8; i++)
		snprintf(request + strlen(request), 3, "%02x",
			 ((const struct patch_header *)f->bytes)->id[i]);
	new_client();
	for (i = 0; i < 50; i++) {
		r = client_request(&client, request);
		if (r == CLIENT_DONE)
			break;
		if (r == CLIENT_REFUSED && strcmp(client_get(&client, "code"), "busy") &&
		    strcmp(client_get(&client, "code"), "state"))
			break;
	}
	result(r == CLIENT_DONE ? NULL : client_result_text(r),
	       "a client vanishes while its patch is applied; the next one reverts it");
}

static void flood(void)
{
	unsigned int i;

	redial();
	for (i = 0; i < 300; i++)
		send_text("info\nlist\nlog from=0\n");
	served("900 questions without waiting for an answer");
}

int main(int argc, char **argv)
{
	struct file good, other;

	if (argc != 5) {
		fputs("usage: line-chaos SOCKET FILE.patch OTHER.patch LONGEST-LINE\n", stderr);
		return 2;
	}
	path = argv[1];
	machine_time_start(&machine);
	good = load(argv[2]);
	other = load(argv[3]);
	garbage();
	half_lines();
	long_lines((size_t)strtoul(argv[4], NULL, 0));
	broken_lines();
	wrong_numbers();
	wrong_requests();
	broken_patches(&good);
	vanishing_clients(&good, &other);
	flood();
	gone_while_pending(&other);
	return 0;
}
