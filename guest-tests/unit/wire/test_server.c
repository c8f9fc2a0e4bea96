/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's end of the protocol, word by word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/wire/base64.h"
#include "patcher/wire/crc32.h"
#include "guest-tests/unit/wire/test_server_fake.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static void input(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		server_input(&fake.server, s[i]);
}

/* Takes what was sent: each line must be good; its CRC is cut off. */
static const char *output(void)
{
	static char out[FAKE_SENT];
	char line[LINE_MAX_LEN + 2];
	size_t len = 0, at = 0;

	while (at < fake.sent_len) {
		char *end = memchr(fake.sent + at, '\n', fake.sent_len - at);
		size_t n;
		struct line l;

		assert_non_null(end);
		n = (size_t)(end - (fake.sent + at));
		assert_true(n <= LINE_MAX_LEN && n > LINE_CRC_LEN);
		memcpy(line, fake.sent + at, n);
		line[n] = '\0';
		memcpy(out + len, line, n - LINE_CRC_LEN);
		len += n - LINE_CRC_LEN;
		out[len++] = '\n';
		assert_int_equal(line_parse(line, &l), LINE_OK);
		assert_true(l.kind == LINE_DONE || l.kind == LINE_REFUSED ||
			    l.kind == LINE_PART || l.kind == LINE_EVENT);
		at += n + 1;
	}
	fake.sent_len = 0;
	out[len] = '\0';
	return out;
}

static void poll_all(void)
{
	unsigned int n = 0;

	while (server_poll(&fake.server))
		assert_true(++n < 10000);
}

/* Sends a line as it is and returns all that comes back. */
static const char *type(const char *line)
{
	input(line, strlen(line));
	input("\n", 1);
	poll_all();
	return output();
}

/* The same with the CRC that belongs to it. */
static const char *talk(const char *line)
{
	char buf[2 * LINE_MAX_LEN];

	snprintf(buf, sizeof(buf), "%s *%08x", line, crc32_update(0, line, strlen(line)));
	return type(buf);
}

/* Feeds a line with CRC but polls nothing. */
static const char *only_input(const char *line)
{
	char buf[LINE_MAX_LEN + 1];

	snprintf(buf, sizeof(buf), "%s *%08x\n", line, crc32_update(0, line, strlen(line)));
	input(buf, strlen(buf));
	return output();
}

static int start(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static void hello_begins_a_session(void **state)
{
	(void)state;
	assert_string_equal(talk("#7 info"),
			    "-7 code=no-session field=seq what=\"send hello first\"\n");
	assert_string_equal(talk("#7 hello proto=1"), "+7 proto=1 version=0.1 "
			    "nonce=0x123456789abcdef max_line=1024 max_file=524288\n");
	assert_string_equal(talk("#8 hello proto=2"),
			    "-8 code=bad-arg field=proto what=\"out of range\"\n");
	assert_string_equal(talk("#9 info"),
			    "-9 code=no-session field=seq what=\"send hello first\"\n");
	assert_string_equal(talk("#4000000000 hello"), "+4000000000 proto=1 version=0.1 "
			    "nonce=0x123456789abcdef max_line=1024 max_file=524288\n");
}

static void sequence_numbers_follow_each_other(void **state)
{
	const char *wrong = "field=seq what=\"not the next number: send hello\"\n";
	char expect[128];

	(void)state;
	talk("#4294967294 hello");
	assert_string_equal(talk("#4294967295 events on"), "+4294967295\n");
	/* After the last number comes 1. */
	assert_string_equal(talk("#1 events on"), "+1\n");
	for (unsigned int seq = 3; seq < 6; seq++) {
		char line[32];

		snprintf(line, sizeof(line), "#%u revert id=%016x", seq, 5);
		snprintf(expect, sizeof(expect), "-%u code=bad-seq %s", seq, wrong);
		assert_string_equal(talk(line), expect);
	}
	/* The number of the last request with another content. */
	snprintf(expect, sizeof(expect), "-1 code=bad-seq %s", wrong);
	assert_string_equal(talk("#1 revert id=0000000000000005"), expect);
	assert_int_equal(fake.reverted[5], 0);
	assert_string_equal(talk("#2 revert id=0000000000000005"),
			    "+2 id=0000000000000005 pause_ns=4200\n");
	assert_int_equal(fake.reverted[5], 1);
}

static void a_repeated_request_is_not_done_again(void **state)
{
	char reply[256];

	(void)state;
	talk("#1 hello");
	strcpy(reply, talk("#2 apply id=0000000000000003"));
	assert_string_equal(reply, "+2 id=0000000000000003 pause_ns=4200\n");
	for (unsigned int i = 0; i < 5; i++)
		assert_string_equal(talk("#2 apply id=0000000000000003"), reply);
	assert_int_equal(fake.applied[3], 1);
	fake.refuse = true;
	strcpy(reply, talk("#3 apply id=0000000000000004"));
	assert_string_equal(reply, "-3 code=bytes symbol=guest_answer\n");
	fake.refuse = false;
	/* A refusal is an answer too: asked again under the same number, it stays. */
	assert_string_equal(talk("#3 apply id=0000000000000004"), reply);
	assert_int_equal(fake.applied[4], 0);
	assert_int_equal(fake.server.dup_lines, 6);
	/* One that only asks is answered anew. */
	strcpy(reply, talk("#4 info"));
	assert_string_not_equal(talk("#4 info"), reply);
}

static void pending_requests_say_busy(void **state)
{
	(void)state;
	talk("#1 hello");
	fake.polls = 4;
	assert_string_equal(only_input("#2 apply id=0000000000000009"), "");
	assert_string_equal(only_input("#2 apply id=0000000000000009"), "=2 busy\n");
	assert_true(server_poll(&fake.server));
	assert_string_equal(only_input("#2 apply id=0000000000000009"),
			    "=2 busy phase=prepare done=1 of=4\n");
	assert_true(server_poll(&fake.server));
	assert_true(server_poll(&fake.server));
	assert_string_equal(output(), "");
	server_poll(&fake.server);
	assert_string_equal(output(), "+2 id=0000000000000009 pause_ns=4200\n");
	assert_false(server_poll(&fake.server));
	assert_string_equal(only_input("#2 apply id=0000000000000009"),
			    "+2 id=0000000000000009 pause_ns=4200\n");
	assert_int_equal(fake.applied[9], 1);
}

/* The only line of a quick transaction is its answer; a slow one reports its progress once. */
static void slow_requests_say_so_once(void **state)
{
	(void)state;
	talk("#1 hello");
	fake.polls = 64;
	assert_string_equal(talk("#2 apply id=0000000000000009"),
			    "+2 id=0000000000000009 pause_ns=4200\n");
	fake.polls = 1000;
	assert_string_equal(talk("#3 revert id=0000000000000009"),
			    "=3 busy phase=prepare done=64 of=1000\n"
			    "+3 id=0000000000000009 pause_ns=4200\n");
	/* Again for the next one; not for one without a waiting client. */
	only_input("#4 apply id=0000000000000008");
	for (unsigned int i = 0; i < 63; i++)
		server_poll(&fake.server);
	assert_string_equal(output(), "");
	server_poll(&fake.server);
	assert_string_equal(output(), "=4 busy phase=prepare done=64 of=1000\n");
	poll_all();
	output();
	only_input("#5 apply id=0000000000000007");
	only_input("#6 events off");
	poll_all();
	assert_string_equal(output(), "+5 id=0000000000000007 pause_ns=4200\n");
	only_input("#7 apply id=0000000000000006");
	only_input("#100 hello");
	poll_all();
	assert_string_equal(output(), "+0 id=0000000000000006 pause_ns=4200\n");
}

static void one_transaction_at_a_time(void **state)
{
	static const char *const refused[] = { "put size=8 crc=00000000", "data off=0 b64=AAAA",
		"apply", "apply id=0000000000000001", "revert id=0000000000000001",
		"set key=log value=1" };
	char line[64], expect[128];
	unsigned int seq = 2;

	(void)state;
	talk("#1 hello");
	fake.polls = 100;
	assert_string_equal(only_input("#2 revert id=0000000000000009"), "");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		snprintf(line, sizeof(line), "#%u %s", ++seq, refused[i]);
		snprintf(expect, sizeof(expect), "-%u code=busy field=verb "
			 "what=\"a transaction is under way\" pending=revert\n", seq);
		assert_string_equal(only_input(line), expect);
	}
	assert_string_equal(only_input("#9 events off"), "+9\n");
	/* Its end comes under its own number. */
	poll_all();
	assert_string_equal(output(), "+2 id=0000000000000009 pause_ns=4200\n");
	assert_int_equal(fake.reverted[9], 1);
}

static void abort_gives_up(void **state)
{
	(void)state;
	talk("#1 hello");
	assert_string_equal(talk("#2 abort"),
			    "-2 code=state field=verb what=\"nothing is under way\"\n");
	fake.polls = 100;
	only_input("#3 apply id=0000000000000009");
	assert_string_equal(only_input("#4 abort"), "+4\n");
	poll_all();
	assert_string_equal(output(), "-3 code=aborted symbol=guest_answer\n");
	assert_string_equal(talk("#4 abort"), "+4\n");
	assert_int_equal(fake.aborts, 1);
	assert_int_equal(fake.applied[9], 0);
	fake.too_late = true;
	only_input("#5 apply id=0000000000000009");
	assert_string_equal(only_input("#6 abort"), "-6 code=state what=\"past the commit\"\n");
	poll_all();
	assert_string_equal(output(), "+5 id=0000000000000009 pause_ns=4200\n");
	assert_int_equal(fake.applied[9], 1);
}

/* A client goes away while its patch is applied; hello reports that to the next one. */
static void a_new_client_while_one_is_pending(void **state)
{
	(void)state;
	talk("#1 hello");
	fake.polls = 100;
	only_input("#2 apply id=0000000000000009");
	assert_string_equal(only_input("#1 hello"), "+1 proto=1 version=0.1 "
			    "nonce=0x123456789abcdef max_line=1024 max_file=524288 "
			    "pending=apply\n");
	/* By chance the same number as the request that is pending. */
	assert_non_null(strstr(only_input("#2 info"), "+2 lines=4 "));
	poll_all();
	/* No client waits for the answer: it has number 0, as the answer to a person. */
	assert_string_equal(output(), "+0 id=0000000000000009 pause_ns=4200\n");
	assert_int_equal(fake.applied[9], 1);
	assert_non_null(strstr(talk("#2 info"), "+2 lines=5 "));
}

static void uploads_are_put_together(void **state)
{
	static const char file[] = "0123456789abcdefghij";
	char line[128];

	(void)state;
	talk("#1 hello");
	assert_string_equal(talk("#2 apply"), "-2 code=no-upload field=verb next=0 size=0\n");
	assert_string_equal(talk("#3 data off=0 b64=MDEy"),
			    "-3 code=no-upload field=verb next=0 size=0\n");
	snprintf(line, sizeof(line), "#4 put size=20 crc=%08x", crc32_update(0, file, 20));
	assert_string_equal(talk(line), "+4 next=0\n");
	assert_string_equal(talk("#5 data off=0 b64=MDEyMzQ1"), "+5 next=6\n");
	assert_string_equal(talk("#5 data off=0 b64=MDEyMzQ1"), "+5 next=6\n");
	assert_string_equal(talk("#6 data off=3 b64=MDEyMzQ1"),
			    "-6 code=bad-offset field=off next=6 size=20\n");
	assert_string_equal(talk("#7 data off=9 b64=MDEyMzQ1"),
			    "-7 code=bad-offset field=off next=6 size=20\n");
	assert_string_equal(talk("#8 apply"), "-8 code=no-upload field=verb next=6 size=20\n");
	/* Another client comes and goes on. */
	talk("#100 hello");
	snprintf(line, sizeof(line), "#101 put size=20 crc=%08x", crc32_update(0, file, 20));
	assert_string_equal(talk(line), "+101 next=6\n");
	assert_string_equal(talk("#102 data off=6 b64=Njc4OWFiY2RlZmdoaWo="), "+102 next=20\n");
	assert_string_equal(talk("#103 data off=20 b64=MDEy"),
			    "-103 code=bad-arg field=b64 "
			    "what=\"not base64, or more than announced\"\n");
	assert_string_equal(talk("#104 apply"), "+104 id=6b1f2c3d4e5f6071 pause_ns=4200\n");
	assert_int_equal(fake.files, 1);
	assert_int_equal(fake.file_len, 20);
	assert_memory_equal(fake.file, file, 20);
	/* It is still there, for another try. */
	assert_string_equal(talk("#105 apply"), "+105 id=6b1f2c3d4e5f6071 pause_ns=4200\n");
	/* Another size or CRC is another file. */
	snprintf(line, sizeof(line), "#106 put size=19 crc=%08x", crc32_update(0, file, 20));
	assert_string_equal(talk(line), "+106 next=0\n");
}

static void a_wrong_file_is_found_out(void **state)
{
	(void)state;
	talk("#1 hello");
	talk("#2 put size=6 crc=00000001");
	assert_string_equal(talk("#3 data off=0 b64=MDEyMzQ1"), "-3 code=bad-crc field=crc "
			    "what=\"not the file announced: send it again\"\n");
	assert_string_equal(talk("#4 apply"), "-4 code=no-upload field=verb next=0 size=0\n");
	assert_string_equal(talk("#5 put size=6 crc=00000001"), "+5 next=0\n");
}

static void wrong_arguments_are_named(void **state)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{ "frobnicate", "code=unknown-verb field=verb what=\"try help\"" },
		{ "HELP", "code=unknown-verb field=verb what=\"try help\"" },
		{ "put crc=00000000", "code=bad-arg field=size what=missing" },
		{ "put size=x crc=00000000", "code=bad-arg field=size what=\"not a number\"" },
		{ "put size= crc=00000000", "code=bad-arg field=size what=\"not a number\"" },
		{ "put size=0 crc=00000000", "code=bad-arg field=size what=\"out of range\"" },
		{ "put size=524289 crc=00000000", "code=bad-arg field=size what=\"out of range\"" },
		{ "put size=18446744073709551616 crc=00000000",
		  "code=bad-arg field=size what=\"not a number\"" },
		{ "put size=8", "code=bad-arg field=crc what=missing" },
		{ "put size=8 crc=0",
		  "code=bad-arg field=crc what=\"not hex digits of the right number\"" },
		{ "put size=8 crc=0000000g",
		  "code=bad-arg field=crc what=\"not hex digits of the right number\"" },
		{ "put size=8 crc=00000000 size=9",
		  "code=bad-arg field=size what=\"given twice\"" },
		{ "put size=8 crc=00000000 foo=1", "code=bad-arg field=foo what=unknown" },
		{ "put size=8 crc=00000000 foo", "code=bad-arg field=foo what=unknown" },
		{ "put size crc=00000000", "code=bad-arg field=size what=unknown" },
		{ "events", "code=bad-arg field=on|off what=missing" },
		{ "events on off", "code=bad-arg field=on|off what=missing" },
		{ "events maybe", "code=bad-arg field=maybe what=unknown" },
		{ "events on=1", "code=bad-arg field=on what=unknown" },
		{ "revert", "code=bad-arg field=id what=missing" },
		{ "revert id=12",
		  "code=bad-arg field=id what=\"not hex digits of the right number\"" },
		{ "revert id=00112233445566778",
		  "code=bad-arg field=id what=\"not hex digits of the right number\"" },
		{ "apply id=",
		  "code=bad-arg field=id what=\"not hex digits of the right number\"" },
		{ "sites", "code=bad-arg field=id what=missing" },
		{ "sites id=00000000000000ff", "code=state field=id what=\"no such patch\"" },
		{ "list from=x", "code=bad-arg field=from what=\"not a number\"" },
		{ "info x", "code=bad-arg field=x what=unknown" },
		{ "info sig=00", "code=bad-arg field=sig what=unknown" },
		{ "set", "code=bad-arg field=key what=missing" },
		{ "set key=log", "code=bad-arg field=value what=missing" },
		{ "set key=log value=9",
		  "code=bad-arg field=log what=\"unknown, or its value is out of range\"" },
		{ "set key=x value=9",
		  "code=bad-arg field=x what=\"unknown, or its value is out of range\"" },
		{ "hello proto=x", "code=bad-arg field=proto what=\"not a number\"" },
	};
	char line[128], expect[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		talk("#1 hello");
		snprintf(line, sizeof(line), "#2 %s", cases[i].request);
		snprintf(expect, sizeof(expect), "-2 %s\n", cases[i].answer);
		assert_string_equal(talk(line), expect);
	}
	assert_int_equal(fake.server.upload_size, 0);
	assert_int_equal(fake.sets, 0);
}

/* A data line that is not good base64 changes nothing. */
static void bad_data_is_refused(void **state)
{
	static const char *const bad[] = { "", "b64=", "b64=A", "b64=AA", "b64=A===", "b64=AB==",
					   "b64=AAAAAAAAAAAA", "b64=AAAA=AAA", "b64=\"AA A\"" };
	char line[128];

	(void)state;
	talk("#1 hello");
	talk("#2 put size=8 crc=00000000");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "#%u data off=0 %s", 3 + i, bad[i]);
		assert_non_null(strstr(talk(line), "code=bad-arg field=b64 "));
		assert_int_equal(fake.server.upload_got, 0);
	}
}

/* Signatures come later: their keys are taken now, and do nothing. */
static void signature_keys_are_accepted(void **state)
{
	(void)state;
	talk("#1 hello");
	assert_string_equal(talk("#2 revert id=0000000000000001 counter=1 sig=MEUCIQ=="),
			    "+2 id=0000000000000001 pause_ns=4200\n");
	assert_string_equal(talk("#3 set key=log value=2 counter=2 sig=MEUCIQ=="), "+3\n");
}

static void a_field_name_that_is_too_long_is_not_repeated(void **state)
{
	char line[900] = "#2 info ";

	(void)state;
	talk("#1 hello");
	memset(line + 8, 'x', 880);
	line[888] = '\0';
	assert_string_equal(talk(line), "-2 code=bad-arg field=args what=unknown\n");
}

static void a_person_may_ask(void **state)
{
	(void)state;
	fake.listed = 2;
	assert_string_equal(type("list"),
			    "=0 i=0 id=0000000000000000 name=\"fix one\" state=live next=1\n"
			    "=0 i=1 id=0000000000000001 name=\"fix one\" state=live next=2\n"
			    "+0 next=2\n");
	assert_string_equal(type("info"),
			    "+0 lines=2 bad_lines=0 dup_lines=0 upload=0 upload_size=0 "
			    "cpus=2 state=\"guest is running\"\n");
	assert_non_null(strstr(type("help"),
			       "=0 i=2 text=\"list: patches and their state\" next=3\n"));
	assert_non_null(strstr(type("hello"), "+0 proto=1 "));
	assert_false(fake.server.session);
	assert_string_equal(type("what"), "-0 code=unknown-verb field=verb what=\"try help\"\n");
	assert_string_equal(type("   "), "");
	assert_string_equal(type("\r\n\r\n"), "");
}

static void a_person_may_not_change_anything(void **state)
{
	static const char *const lines[] = {
		"put size=8 crc=00000000", "data off=0 b64=AAAA", "apply",
		"apply id=0000000000000001", "revert id=0000000000000001", "abort",
		"set key=log value=1" };

	(void)state;
	talk("#1 hello");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *expect = "-0 code=not-allowed field=seq "
				     "what=\"only with sequence number and CRC: "
				     "use the subtext tool\"\n";

		assert_string_equal(type(lines[i]), expect);
		/* A CRC alone does not help. */
		assert_string_equal(talk(lines[i]), expect);
	}
	assert_int_equal(fake.applied[1] + fake.reverted[1] + fake.sets + fake.files, 0);
	assert_string_equal(talk("#2 events on"), "+2\n");
}

static void damaged_lines_are_named(void **state)
{
	char longline[3000];

	(void)state;
	talk("#1 hello");
	assert_string_equal(type("#2 info *00000000"),
			    "-0 code=bad-crc field=crc what=\"not understood\"\n");
	assert_string_equal(type("#2 info"), "-0 code=no-crc field=crc what=\"not understood\"\n");
	assert_string_equal(type("in\x01" "fo"),
			    "-0 code=bad-byte field=line what=\"not understood\"\n");
	assert_string_equal(talk("#x info"), "-0 code=bad-seq field=seq what=\"not understood\"\n");
	assert_string_equal(talk("#2"), "-0 code=no-verb field=verb what=\"not understood\"\n");
	assert_string_equal(talk("#2 info =x"),
			    "-0 code=bad-key field=args what=\"not understood\"\n");
	memset(longline, 'a', sizeof(longline));
	longline[sizeof(longline) - 1] = '\0';
	assert_string_equal(type(longline),
			    "-0 code=too-long field=line what=\"not understood\"\n");
	assert_int_equal(fake.server.bad_lines, 7);
	/* None of this costs the session anything. */
	assert_string_equal(talk("#2 events on"), "+2\n");
}

static void a_line_of_a_megabyte_costs_one_answer(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1u << 20; i++) {
		server_input(&fake.server, "#+-=! *x\"\0"[i % 10]);
		if (i % 4096 == 0)
			assert_false(server_poll(&fake.server));
	}
	assert_string_equal(type(""), "-0 code=too-long field=line what=\"not understood\"\n");
	assert_non_null(strstr(talk("#1 hello"), "+1 proto=1"));
}

static void replies_are_never_answered(void **state)
{
	char all[FAKE_SENT];

	(void)state;
	/* A line that echoes: what we say comes back, whole and in pieces, and we stay silent. */
	type("help");
	strcpy(all, type("info"));
	assert_string_equal(type(all), "");
	assert_string_equal(talk("+1 proto=1"), "");
	assert_string_equal(type("-0 code=bad-crc *00000000"), "");
	assert_string_equal(type("=0 i=0 te"), "");
	assert_string_equal(type("!0"), "");
}

static void lost_bytes_spoil_one_line(void **state)
{
	(void)state;
	talk("#1 hello");
	input("#2 re", 5);
	server_overrun(&fake.server);
	assert_string_equal(type("vert id=0000000000000001 *00000000"),
			    "-0 code=overrun field=line what=\"bytes were lost\"\n");
	assert_string_equal(talk("#2 revert id=0000000000000001"),
			    "+2 id=0000000000000001 pause_ns=4200\n");
}

static const char *const log_text[] = { "first line", "second line", "third line", "fourth" };

static void long_answers_can_be_continued(void **state)
{
	(void)state;
	fake.log = log_text;
	fake.log_lines = 4;
	fake.listed = 1;
	talk("#1 hello");
	assert_string_equal(talk("#2 log from=200"), "=2 i=200 text=\"third line\" next=300\n"
			    "=2 i=300 text=fourth next=400\n+2 next=400\n");
	assert_string_equal(talk("#3 log from=400"), "+3 next=400\n");
	/* The oldest lines are gone: i is what was asked for, so that none seems to be missing. */
	fake.log_lost = 3;
	assert_string_equal(talk("#4 log"), "=4 i=0 text=fourth next=400\n+4 next=400\n");
	assert_string_equal(talk("#5 sites id=0000000000000000 from=39"),
			    "=5 i=39 symbol=guest_answer address=0xffffffff81000270 next=40\n"
			    "+5 next=40\n");
	assert_string_equal(talk("#6 list from=99999999999"), "+6 next=99999999999\n");
	assert_string_equal(talk("#6 list from=99999999999"), "+6 next=99999999999\n");
}

static void a_repeated_long_answer_starts_again(void **state)
{
	(void)state;
	fake.listed = 3;
	talk("#1 hello");
	only_input("#2 list");
	server_poll(&fake.server);
	server_poll(&fake.server);
	output();
	only_input("#2 list");
	poll_all();
	assert_non_null(strstr(output(), "=2 i=0 id="));
	/* A new request ends an answer without a waiting client. */
	only_input("#3 list");
	server_poll(&fake.server);
	output();
	assert_string_equal(talk("#4 events on"), "+4\n");
	/* A person does not disturb one. */
	only_input("#5 list");
	input("list\n", 5);
	poll_all();
	assert_int_equal(strncmp(output(), "-0 code=busy field=verb ", 24), 0);
}

static void events_come_to_those_who_want_them(void **state)
{
	(void)state;
	fake.events = 2;
	poll_all();
	assert_string_equal(output(), "");
	/* Not with hello: what happened before is for those who ask. */
	assert_null(strchr(talk("#1 hello"), '!'));
	assert_string_equal(talk("#2 events on"), "+2\n"
			    "!0 window-write symbol=guest_answer n=0\n"
			    "!1 window-write symbol=guest_answer n=1\n");
	fake.events = 3;
	poll_all();
	assert_string_equal(output(), "!2 window-write symbol=guest_answer n=2\n");
	talk("#3 events off");
	fake.events = 4;
	poll_all();
	assert_string_equal(output(), "");
	assert_string_equal(type("events on"), "+0\n!3 window-write symbol=guest_answer n=3\n");
}

/* Who listened is gone: the next client does not drain what others wait for. */
static void a_new_client_gets_no_events(void **state)
{
	static const char *const takeover[] = { "#1000 hello", "#1000 hello proto=2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(takeover); i++) {
		fake_reset();
		talk("#1 hello");
		talk("#2 events on");
		only_input(takeover[i]);
		fake.events = 2;
		poll_all();
		assert_string_equal(output(), "");
		/* A person's begins no session and ends none. */
		assert_non_null(strstr(type("events on"), "!1 "));
		type("hello");
		fake.events = 3;
		poll_all();
		assert_non_null(strstr(output(), "!2 "));
	}
}

static void what_does_not_fit_is_said(void **state)
{
	char big[2000];

	(void)state;
	talk("#1 hello");
	fake.info_len = 2000;
	assert_string_equal(talk("#2 info"), "+2 cut=1\n");
	fake.info_len = 0;
	fake.info_keys = 30;
	assert_int_equal(strncmp(talk("#3 info"), "+3 lines=", 9), 0);
	memset(big, 'y', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	fake.log = (const char *const[]){ big };
	fake.log_lines = 1;
	assert_string_equal(talk("#4 log"), "=4 i=0 cut=1 next=100\n+4 next=100\n");
}

/* The transmit queue is full: replies of numbered requests wait, nothing is lost or doubled. */
static void a_full_queue_is_waited_for(void **state)
{
	(void)state;
	fake.listed = 2;
	talk("#1 hello");
	fake.tx_room = 0;
	only_input("#2 list");
	for (unsigned int i = 0; i < 5; i++)
		assert_true(server_poll(&fake.server));
	fake.tx_room = FAKE_SENT;
	poll_all();
	assert_string_equal(output(),
			    "=2 i=0 id=0000000000000000 name=\"fix one\" state=live next=1\n"
			    "=2 i=1 id=0000000000000001 name=\"fix one\" state=live next=2\n"
			    "+2 next=2\n");
	fake.tx_room = 0;
	fake.polls = 70;
	only_input("#3 revert id=0000000000000001");
	for (unsigned int i = 0; i < 72; i++)
		assert_true(server_poll(&fake.server));
	assert_int_equal(fake.reverted[1], 1);
	fake.tx_room = FAKE_SENT;
	poll_all();
	assert_string_equal(output(), "=3 busy phase=prepare done=64 of=70\n"
			    "+3 id=0000000000000001 pause_ns=4200\n");
}

/* A transaction goes on while the line takes no byte, also when a newer request has come. */
static void a_dead_line_does_not_hold_up_a_transaction(void **state)
{
	(void)state;
	talk("#1 hello");
	fake.polls = 10;
	only_input("#2 revert id=0000000000000001");
	fake.tx_room = 0;
	only_input("#3 info");
	for (unsigned int i = 0; i < 12; i++)
		assert_true(server_poll(&fake.server));
	assert_null(fake.server.pending);
	fake.tx_room = FAKE_SENT;
	poll_all();
	assert_non_null(strstr(output(), "+2 id=0000000000000001 pause_ns=4200\n"));
}

/* The dialogue in docs/protocol.md is what this server says, byte by byte. */
static void dialogue_of_the_specification_is_right(void **state)
{
	FILE *f = fopen(DOCS "/protocol.md", "r");
	char line[2048];
	size_t at = 0;
	unsigned int n = 0;

	(void)state;
	assert_non_null(f);
	fake.log = log_text;
	fake.log_lines = 4;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "> ", 2)) {
			assert_int_equal(at, fake.sent_len);
			fake.sent_len = at = 0;
			if (!strncmp(line, "> #1005 ", 8))
				fake.listed = 1;
			fake.polls = strncmp(line, "> #1006 ", 8) ? 1 : 100;
			input(line + 2, strlen(line + 2));
			poll_all();
		} else if (!strncmp(line, "< ", 2)) {
			size_t len = strlen(line + 2);

			if (at + len > fake.sent_len || memcmp(fake.sent + at, line + 2, len) != 0)
				fail_msg("docs/protocol.md says: %sthe server says: %.*s", line + 2,
					 (int)(fake.sent_len - at), fake.sent + at);
			at += len;
			n++;
		}
	}
	fclose(f);
	assert_int_equal(at, fake.sent_len);
	assert_true(n >= 10);
}

/* The server's own codes; test_engine_refusals.c looks for those of patcher/engine/refusal.h. */
static void codes_are_in_the_specification(void **state)
{
	static const char *const codes[] = {
		"too-long", "bad-byte", "no-crc", "bad-crc", "bad-seq", "too-many-args", "no-verb",
		"bad-key", "overrun", "not-allowed", "no-session", "unknown-verb", "bad-arg",
		"busy", "no-upload", "bad-offset", "state",
	};
	FILE *f = fopen(DOCS "/protocol.md", "r");
	static char doc[131072];
	char word[64];

	(void)state;
	assert_non_null(f);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		snprintf(word, sizeof(word), "| `%s` |", codes[i]);
		if (!strstr(doc, word))
			fail_msg("code %s is not in a table of docs/protocol.md", codes[i]);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		T(hello_begins_a_session),
		T(sequence_numbers_follow_each_other),
		T(a_repeated_request_is_not_done_again),
		T(pending_requests_say_busy),
		T(slow_requests_say_so_once),
		T(one_transaction_at_a_time),
		T(abort_gives_up),
		T(a_new_client_while_one_is_pending),
		T(uploads_are_put_together),
		T(a_wrong_file_is_found_out),
		T(wrong_arguments_are_named),
		T(bad_data_is_refused),
		T(signature_keys_are_accepted),
		T(a_field_name_that_is_too_long_is_not_repeated),
		T(a_person_may_ask),
		T(a_person_may_not_change_anything),
		T(damaged_lines_are_named),
		T(a_line_of_a_megabyte_costs_one_answer),
		T(replies_are_never_answered),
		T(lost_bytes_spoil_one_line),
		T(long_answers_can_be_continued),
		T(a_repeated_long_answer_starts_again),
		T(events_come_to_those_who_want_them),
		T(a_new_client_gets_no_events),
		T(what_does_not_fit_is_said),
		T(a_full_queue_is_waited_for),
		T(a_dead_line_does_not_hold_up_a_transaction),
		T(dialogue_of_the_specification_is_right),
		T(codes_are_in_the_specification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
