/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both ends of the protocol against each other over a line that loses, repeats
 * and flips bytes. Time is counted, not measured: a millisecond passes when the
 * line was given its 11 bytes (115200 baud) each way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/wire/client.h"
#include "patcher/wire/crc32.h"
#include "guest-tests/unit/wire/test_server_fake.h"

#define PER_MS		11u

/* How bad the line is: chances per million bytes, each way. */
struct noise {
	unsigned int lose, repeat, flip;
};

/* The line and the client at one end of it. */
static struct {
	uint64_t now;
	uint64_t random;
	struct noise noise;
	char up[16384];			/* written by the client, on its way */
	size_t up_at, up_len;
	size_t down_at;			/* how much of fake.sent is delivered */
	uint64_t up_bytes, down_bytes;
	unsigned int asleep;		/* ms until the server looks at its FIFO; 0: awake */
	uint64_t dead_after;		/* bytes after which the server is deaf; 0: never */
	unsigned int gone_after;	/* reads until the client's line breaks; 0: never */
	unsigned int fifo;		/* bytes that came while it was asleep */
	unsigned int overruns;		/* the receiver notices a loss, per million bytes */
} line;

static struct client client;

static uint32_t rnd(void)
{
	line.random ^= line.random << 13;
	line.random ^= line.random >> 7;
	line.random ^= line.random << 17;
	return (uint32_t)(line.random >> 16);
}

static bool chance(unsigned int per_million)
{
	return per_million && rnd() % 1000000 < per_million;
}

/* What comes out at the other end for @c: 0, 1 or 2 bytes in @out. */
static unsigned int carry(char c, char out[2])
{
	if (chance(line.noise.lose))
		return 0;
	if (chance(line.noise.flip))
		c ^= (char)(1 << rnd() % 8);
	out[0] = out[1] = c;
	return chance(line.noise.repeat) ? 2 : 1;
}

/* One millisecond: PER_MS bytes each way, a few slices of work. Returns bytes for the client. */
static int tick(char *buf, size_t len)
{
	char out[2];
	size_t n = 0;

	line.now++;
	for (unsigned int i = 0; i < PER_MS && line.up_at < line.up_len; i++) {
		char c = line.up[line.up_at++];

		line.up_bytes++;
		if (line.asleep && line.fifo == 16)
			server_overrun(&fake.server);
		if (line.asleep && line.fifo++ >= 16)
			continue;
		if (line.dead_after && line.up_bytes > line.dead_after)
			continue;
		if (chance(line.overruns)) {
			server_overrun(&fake.server);
			continue;
		}
		for (unsigned int k = carry(c, out); k; k--)
			server_input(&fake.server, out[k - 1]);
	}
	if (line.asleep)
		line.asleep--;
	if (line.up_at == line.up_len)
		line.up_at = line.up_len = 0;
	for (unsigned int i = 0; i < 3; i++)
		server_poll(&fake.server);
	for (unsigned int i = 0; i < PER_MS && line.down_at < fake.sent_len && n + 2 <= len; i++) {
		line.down_bytes++;
		for (unsigned int k = carry(fake.sent[line.down_at++], out); k; k--)
			buf[n++] = out[0];
	}
	if (line.down_at == fake.sent_len)
		line.down_at = fake.sent_len = 0;
	return (int)n;
}

static int line_read(void *ctx, char *buf, size_t len, unsigned int ms)
{
	(void)ctx;
	if (line.gone_after && --line.gone_after == 0)
		return -1;
	for (unsigned int i = 0; i <= ms; i++) {
		int n = tick(buf, len);

		if (n)
			return n;
	}
	return 0;
}

static int line_write(void *ctx, const char *buf, size_t len)
{
	(void)ctx;
	assert_true(line.up_len + len <= sizeof(line.up));
	memcpy(line.up + line.up_len, buf, len);
	line.up_len += len;
	return 0;
}

static uint64_t line_now(void *ctx)
{
	(void)ctx;
	return line.now;
}

static const struct client_io io = { .read = line_read, .write = line_write, .now = line_now };

static int start(void **state)
{
	(void)state;
	fake_reset();
	memset(&line, 0, sizeof(line));
	line.random = 0x9e3779b97f4a7c15;
	client_init(&client, &io, 1);
	return 0;
}

static enum client_result request(const char *verb, uint64_t id)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%s id=%s", verb, fake_id_hex(id));
	return client_request(&client, buf);
}

static void a_session_on_a_good_line(void **state)
{
	(void)state;
	assert_int_equal(client_hello(&client), CLIENT_DONE);
	assert_string_equal(client_get(&client, "nonce"), "0x123456789abcdef");
	assert_int_equal(request("apply", 5), CLIENT_DONE);
	assert_string_equal(client_get(&client, "id"), "0000000000000005");
	fake.refuse = true;
	assert_int_equal(request("revert", 5), CLIENT_REFUSED);
	assert_string_equal(client_get(&client, "code"), "bytes");
	assert_int_equal(client_request(&client, "frobnicate"), CLIENT_REFUSED);
	assert_string_equal(client_get(&client, "field"), "verb");
	assert_null(client_get(&client, "nothing"));
	assert_int_equal(client.resent, 0);
	assert_int_equal(client.damaged, 0);
	assert_int_equal(client.sessions, 1);
	assert_int_equal(fake.server.dup_lines, 0);
}

/* Without a session the line is looked at rarely, and its FIFO is small. */
static void a_server_that_sleeps_is_woken(void **state)
{
	(void)state;
	line.asleep = 100;
	assert_int_equal(client_hello(&client), CLIENT_DONE);
	assert_true(line.now < 500);
	assert_int_equal(request("apply", 5), CLIENT_DONE);
	assert_int_equal(client.sessions, 1);
}

static void a_request_that_does_not_fit(void **state)
{
	char big[LINE_MAX_LEN + 1];

	(void)state;
	memset(big, 'x', sizeof(big));
	big[LINE_MAX_LEN] = '\0';
	assert_int_equal(client_request(&client, big), CLIENT_BAD_REQUEST);
	/* It took no number. */
	assert_int_equal(request("apply", 1), CLIENT_DONE);
	assert_int_equal(client.sessions, 1);
}

/* Thousands of requests, each carried out exactly once, whatever the line does. */
static void exactly_once(struct noise noise, unsigned int overruns, unsigned int ops)
{
	unsigned int sessions;

	assert_int_equal(client_hello(&client), CLIENT_DONE);
	sessions = client.sessions;
	line.noise = noise;
	line.overruns = overruns;
	client.tries = 60;
	for (unsigned int i = 0; i < ops; i++) {
		unsigned int *count = i % 2 ? fake.reverted : fake.applied;
		bool refuse = rnd() % 8 == 0;

		fake.refuse = refuse;
		fake.polls = rnd() % 3 ? 0 : rnd() % 2000;
		assert_int_equal(request(i % 2 ? "revert" : "apply", i),
				 refuse ? CLIENT_REFUSED : CLIENT_DONE);
		assert_string_equal(client_get(&client, refuse ? "code" : "id"),
				    refuse ? "bytes" : fake_id_hex(i));
		assert_int_equal(count[i], refuse ? 0 : 1);
	}
	for (unsigned int i = 0; i < FAKE_IDS; i++)
		assert_true(fake.applied[i] + fake.reverted[i] <= 1);
	assert_int_equal(client.sessions, sessions);
}

static void exactly_once_on_a_line_that_loses(void **state)
{
	(void)state;
	exactly_once((struct noise){ .lose = 3000 }, 0, 2000);
	assert_true(client.resent > 100);
	assert_true(fake.server.dup_lines > 50);
}

static void exactly_once_on_a_line_that_repeats(void **state)
{
	(void)state;
	exactly_once((struct noise){ .repeat = 3000 }, 0, 2000);
	assert_true(client.resent > 100);
}

static void exactly_once_on_a_line_that_flips(void **state)
{
	(void)state;
	exactly_once((struct noise){ .flip = 3000 }, 0, 2000);
	assert_true(client.damaged > 100);
}

static void exactly_once_on_a_line_that_does_it_all(void **state)
{
	(void)state;
	exactly_once((struct noise){ .lose = 3000, .repeat = 3000, .flip = 3000 }, 1000, 4000);
	assert_true(fake.server.bad_lines > 200);
}

static void fill(uint8_t *file, size_t len)
{
	for (size_t i = 0; i < len; i++)
		file[i] = (uint8_t)rnd();
}

struct progress {
	size_t last, calls;
};

static void progress(void *arg, size_t done, size_t of)
{
	struct progress *p = arg;

	assert_true(done <= of);
	p->last = done;
	p->calls++;
}

static uint8_t file[PATCH_MAX_FILE];

static void an_upload_and_what_it_costs(void **state)
{
	struct progress p = { 0 };
	uint64_t before;

	(void)state;
	fill(file, sizeof(file));
	assert_int_equal(client_hello(&client), CLIENT_DONE);
	before = line.up_bytes;
	assert_int_equal(client_upload(&client, file, sizeof(file), progress, &p), CLIENT_DONE);
	assert_int_equal(p.last, sizeof(file));
	assert_true(p.calls > 100);
	/* At most 1.4 bytes on the wire per byte of the file. */
	assert_true((line.up_bytes - before) * 10 <= sizeof(file) * 14);
	printf("# upload: %.4f bytes up, %.4f bytes down, %.4f ms per byte of the file\n",
	       (double)(line.up_bytes - before) / sizeof(file),
	       (double)line.down_bytes / sizeof(file), (double)line.now / sizeof(file));
	assert_int_equal(client_request(&client, "apply"), CLIENT_DONE);
	assert_int_equal(fake.file_len, sizeof(file));
	assert_memory_equal(fake.file, file, sizeof(file));
}

static void uploads_of_all_small_sizes(void **state)
{
	(void)state;
	fill(file, 2000);
	for (size_t len = 1; len < 1600; len += len < 40 ? 1 : 131) {
		assert_int_equal(client_upload(&client, file, len, NULL, NULL), CLIENT_DONE);
		assert_int_equal(client_request(&client, "apply"), CLIENT_DONE);
		assert_int_equal(fake.file_len, len);
		assert_memory_equal(fake.file, file, len);
	}
}

static void an_upload_over_a_bad_line(void **state)
{
	(void)state;
	fill(file, 60000);
	line.noise = (struct noise){ .lose = 1000, .repeat = 500, .flip = 1500 };
	line.overruns = 500;
	client.tries = 60;
	assert_int_equal(client_upload(&client, file, 60000, NULL, NULL), CLIENT_DONE);
	assert_int_equal(client_request(&client, "apply"), CLIENT_DONE);
	assert_int_equal(fake.file_len, 60000);
	assert_memory_equal(fake.file, file, 60000);
	assert_true(client.resent > 20);
}

static void a_client_vanishes_and_another_goes_on(void **state)
{
	uint64_t half;

	(void)state;
	fill(file, 50000);
	line.gone_after = 150;
	assert_int_equal(client_upload(&client, file, 50000, NULL, NULL), CLIENT_GONE);
	half = fake.server.upload_got;
	assert_true(half > 10000 && half < 45000);
	/* In the middle of a line, too. */
	line_write(NULL, "#3 data off=1 b64=AAAA", 22);
	client_init(&client, &io, 2);
	line.up_bytes = 0;
	assert_int_equal(client_upload(&client, file, 50000, NULL, NULL), CLIENT_DONE);
	assert_true(line.up_bytes < (50000 - half) * 3 / 2 + 3000);
	assert_int_equal(client_request(&client, "apply"), CLIENT_DONE);
	assert_int_equal(fake.file_len, 50000);
	assert_memory_equal(fake.file, file, 50000);
	assert_int_equal(fake.files, 1);
}

/* Somebody else says hello in between: an upload goes on by itself. */
static struct client other;

static void intrude(void *arg, size_t done, size_t of)
{
	unsigned int *left = arg;

	(void)of;
	if (done < 5000 || !*left)
		return;
	--*left;
	assert_int_equal(client_hello(&other), CLIENT_DONE);
}

static void an_upload_survives_a_lost_session(void **state)
{
	unsigned int times = 3;

	(void)state;
	client_init(&other, &io, 77);
	fill(file, 20000);
	assert_int_equal(client_upload(&client, file, 20000, intrude, &times), CLIENT_DONE);
	assert_int_equal(times, 0);
	assert_int_equal(client.sessions, 4);
	assert_int_equal(client_request(&client, "apply"), CLIENT_DONE);
	assert_memory_equal(fake.file, file, 20000);
	/* A request that changes something is not sent again by itself. */
	assert_int_equal(client_hello(&other), CLIENT_DONE);
	assert_int_equal(request("apply", 7), CLIENT_LOST);
	assert_int_equal(fake.applied[7], 0);
	assert_int_equal(request("apply", 7), CLIENT_DONE);
	assert_int_equal(fake.applied[7], 1);
}

struct collected {
	unsigned int n;
	char last[LINE_MAX_LEN];
	bool in_order;
};

static void collect(void *arg, const struct line *l)
{
	struct collected *c = arg;
	char address[32];

	snprintf(address, sizeof(address), "0x%llx", 0xffffffff81000000ull + c->n * 16);
	if (!line_get(l, "address") || strcmp(line_get(l, "address"), address) != 0)
		c->in_order = false;
	c->n++;
}

static void long_answers_are_whole(void **state)
{
	(void)state;
	fake.listed = 3;
	fake.events = 300;
	client.tries = 60;
	assert_int_equal(client_request(&client, "events on"), CLIENT_DONE);
	for (unsigned int round = 0; round < 100; round++) {
		struct collected c = { .in_order = true };
		char ask[64];

		if (round == 3)
			line.noise = (struct noise){ .lose = 1500, .repeat = 500, .flip = 500 };
		snprintf(ask, sizeof(ask), "sites id=%s", fake_id_hex(round % 3));
		assert_int_equal(client_lines(&client, ask, 0, collect, &c), CLIENT_DONE);
		assert_int_equal(c.n, FAKE_SITES);
		assert_true(c.in_order);
		assert_string_equal(client_get(&client, "next"), "40");
	}
	assert_int_equal(client_lines(&client, "sites id=00000000000000ff", 0, collect, NULL),
			 CLIENT_REFUSED);
}

static void collect_text(void *arg, const struct line *l)
{
	struct collected *c = arg;

	c->n++;
	snprintf(c->last, sizeof(c->last), "%s", line_get(l, "text"));
}

static void the_log_is_followed(void **state)
{
	static const char *const log[] = { "one", "two", "three", "four" };
	struct collected c = { 0 };
	uint64_t next;

	(void)state;
	fake.log = log;
	fake.log_lines = 2;
	assert_int_equal(client_lines(&client, "log", 0, collect_text, &c), CLIENT_DONE);
	assert_int_equal(c.n, 2);
	assert_true(text_parse_u64(client_get(&client, "next"), &next));
	fake.log_lines = 4;
	assert_int_equal(client_lines(&client, "log", next, collect_text, &c), CLIENT_DONE);
	assert_int_equal(c.n, 4);
	assert_string_equal(c.last, "four");
	/* Lines that were lost in the ring are no reason to ask again. */
	fake.log_lost = 3;
	c.n = 0;
	assert_int_equal(client_lines(&client, "log", 0, collect_text, &c), CLIENT_DONE);
	assert_int_equal(c.n, 1);
}

struct seen {
	unsigned int events, busy;
	uint32_t last;
	unsigned int cancel_at;		/* this many times busy */
};

static void on_event(void *arg, const struct line *l)
{
	struct seen *s = arg;

	assert_string_equal(l->verb, "window-write");
	s->events++;
	s->last = l->seq;
}

static void on_busy(void *arg, const struct line *l)
{
	struct seen *s = arg;

	(void)l;
	s->busy++;
}

static bool on_cancelled(void *arg)
{
	struct seen *s = arg;

	return s->cancel_at && s->busy >= s->cancel_at;
}

static struct client_hooks hooks_of(struct seen *s)
{
	return (struct client_hooks){ .arg = s, .event = on_event, .busy = on_busy,
				      .cancelled = on_cancelled };
}

/* What another client says, with its CRC. */
static void server_input_line(const char *text)
{
	char buf[64];
	int n = snprintf(buf, sizeof(buf), "%s *%08x\n", text,
			 crc32_update(0, text, strlen(text)));

	for (int i = 0; i < n; i++)
		server_input(&fake.server, buf[i]);
}

static void events_come_at_any_time(void **state)
{
	struct seen s = { 0 };

	(void)state;
	client.hooks = hooks_of(&s);
	fake.events = 3;
	assert_int_equal(client_watch(&client, 500), CLIENT_DONE);
	assert_int_equal(s.events, 3);
	fake.events = 5;
	fake.polls = 50;
	assert_int_equal(request("apply", 1), CLIENT_DONE);
	assert_int_equal(client_watch(&client, 500), CLIENT_DONE);
	assert_int_equal(s.events, 5);
	assert_int_equal(s.last, 4);
}

/* They are asked for in each session anew, and only by those who watch. */
static void events_stay_for_those_who_watch(void **state)
{
	struct seen s = { 0 };

	(void)state;
	client.hooks = hooks_of(&s);
	fake.events = 2;
	assert_int_equal(request("apply", 1), CLIENT_DONE);
	assert_int_equal(client_request(&client, "info"), CLIENT_DONE);
	assert_int_equal(s.events, 0);
	assert_int_equal(client_watch(&client, 100), CLIENT_DONE);
	assert_int_equal(s.events, 2);
	assert_int_equal(client_watch(&client, 100), CLIENT_DONE);
	/* hello, apply, info, and one to ask for events */
	assert_int_equal(client.sent, 4);
	/* Another client took the session: noticed with the next request. */
	server_input_line("#1 hello");
	fake.events = 4;
	assert_int_equal(client_watch(&client, 100), CLIENT_DONE);
	assert_int_equal(s.events, 2);
	assert_int_equal(client_request(&client, "events on"), CLIENT_LOST);
	assert_int_equal(client_watch(&client, 100), CLIENT_DONE);
	assert_int_equal(s.events, 4);
	client_unwatch(&client);
	fake.events = 5;
	assert_int_equal(client_request(&client, "info"), CLIENT_DONE);
	assert_int_equal(s.events, 4);
	assert_int_equal(client_watch(&client, 100), CLIENT_DONE);
	assert_int_equal(s.events, 5);
	/* Also if something else was asked first in the new session. */
	server_input_line("#1 hello");
	fake.events = 6;
	assert_int_equal(client_request(&client, "info"), CLIENT_LOST);
	assert_int_equal(client_request(&client, "info"), CLIENT_DONE);
	assert_int_equal(client_watch(&client, 100), CLIENT_DONE);
	assert_int_equal(s.events, 6);
	assert_int_equal(client.sessions, 3);
}

static void a_long_transaction_shows_that_it_lives(void **state)
{
	struct seen s = { 0 };

	(void)state;
	client.hooks = hooks_of(&s);
	/* 3 slices in a millisecond: 20 seconds, far longer than all tries together. */
	fake.polls = 60000;
	client.tries = 1;
	assert_int_equal(request("apply", 1), CLIENT_DONE);
	assert_int_equal(fake.applied[1], 1);
	assert_true(s.busy > 20);
	assert_int_equal(client.resent, 0);
}

static void a_transaction_can_be_given_up(void **state)
{
	struct seen s = { .cancel_at = 3 };

	(void)state;
	client.hooks = hooks_of(&s);
	fake.polls = 60000;
	assert_int_equal(request("apply", 1), CLIENT_REFUSED);
	assert_string_equal(client_get(&client, "code"), "aborted");
	assert_int_equal(fake.applied[1], 0);
	assert_int_equal(fake.aborts, 1);
	/* Too late: it is finished as if nothing had been asked. */
	fake.polls = 8000;
	fake.too_late = true;
	s.busy = 0;
	assert_int_equal(request("apply", 2), CLIENT_DONE);
	assert_string_equal(client_get(&client, "id"), "0000000000000002");
	assert_int_equal(fake.applied[2], 1);
	s.cancel_at = 0;
	assert_int_equal(request("revert", 2), CLIENT_DONE);
	assert_int_equal(client.sessions, 1);
}

static void no_answer(void **state)
{
	(void)state;
	line.dead_after = 1;
	assert_int_equal(client_hello(&client), CLIENT_NO_ANSWER);
	assert_true(line.now < 60000);
	line.dead_after = 0;
	assert_int_equal(request("apply", 1), CLIENT_DONE);
	line.gone_after = 1;
	assert_int_equal(request("apply", 2), CLIENT_GONE);
	assert_int_equal(client_watch(&client, 10), CLIENT_DONE);
	for (int r = CLIENT_DONE; r <= CLIENT_BAD_REQUEST; r++)
		assert_true(strlen(client_result_text((enum client_result)r)) > 0);
}

/* The other end restarts (the machine was reset): the session is unknown to it. */
static void the_other_end_restarts(void **state)
{
	(void)state;
	assert_int_equal(request("apply", 1), CLIENT_DONE);
	fake_reset();
	assert_int_equal(request("apply", 2), CLIENT_LOST);
	assert_int_equal(fake.applied[2], 0);
	assert_int_equal(request("apply", 2), CLIENT_DONE);
	assert_int_equal(fake.applied[2], 1);
}

/* Nothing but rubbish, without line ends, must not hold the client for ever. */
static int babble(void *ctx, char *buf, size_t len, unsigned int ms)
{
	(void)ctx;
	(void)ms;
	memset(buf, 'U', len);
	line.now++;
	return (int)len;
}

static void rubbish_without_end(void **state)
{
	struct client_io bad = io;

	(void)state;
	bad.read = babble;
	client_init(&client, &bad, 3);
	client.tries = 2;
	assert_int_equal(client_hello(&client), CLIENT_NO_ANSWER);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		T(a_session_on_a_good_line),
		T(a_server_that_sleeps_is_woken),
		T(a_request_that_does_not_fit),
		T(exactly_once_on_a_line_that_loses),
		T(exactly_once_on_a_line_that_repeats),
		T(exactly_once_on_a_line_that_flips),
		T(exactly_once_on_a_line_that_does_it_all),
		T(an_upload_and_what_it_costs),
		T(uploads_of_all_small_sizes),
		T(an_upload_over_a_bad_line),
		T(a_client_vanishes_and_another_goes_on),
		T(an_upload_survives_a_lost_session),
		T(long_answers_are_whole),
		T(the_log_is_followed),
		T(events_come_at_any_time),
		T(events_stay_for_those_who_watch),
		T(a_long_transaction_shows_that_it_lives),
		T(a_transaction_can_be_given_up),
		T(no_answer),
		T(the_other_end_restarts),
		T(rubbish_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
