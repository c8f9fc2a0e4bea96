/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes into the server. A line that begins with '~' gets the next sequence
 * number and the right CRC, so that the inside is reached too. Some bytes stand for
 * what else may happen: time, lost bytes, a full queue, what the engine does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "guest-tests/unit/wire/test_server_fake.h"
#include "patcher/wire/crc32.h"

static void check(int ok)
{
	if (!ok)
		abort();
}

static bool had_session;

/* Whatever came in: what goes out are lines of ours, and the upload stays in its area. */
static void check_state(void)
{
	const struct server *s = &fake.server;
	char buf[LINE_MAX_LEN + 2];
	struct line l;

	check(s->upload_got <= s->upload_size && s->upload_size <= s->upload_cap);
	had_session |= s->session;
	check(fake.applied[1] + fake.reverted[1] + fake.files + fake.sets == 0 || had_session);
	for (size_t at = 0; at < fake.sent_len;) {
		char *end = memchr(fake.sent + at, '\n', fake.sent_len - at);
		size_t n = end ? (size_t)(end - (fake.sent + at)) : 0;

		check(end && n <= LINE_MAX_LEN);
		memcpy(buf, fake.sent + at, n);
		buf[n] = '\0';
		check(line_parse(buf, &l) == LINE_OK);
		check(l.kind != LINE_REQUEST && l.kind != LINE_PERSON);
		at += n + 1;
	}
	fake.sent_len = 0;
}

static void input(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		server_input(&fake.server, s[i]);
}

static void event(uint8_t what)
{
	switch (what % 8) {
	case 0:
		server_poll(&fake.server);
		break;
	case 1:
		server_overrun(&fake.server);
		break;
	case 2:
		fake.tx_room = fake.tx_room ? 0 : FAKE_SENT;
		break;
	case 3:
		fake.polls = (fake.polls * 5 + 1) % 128;	/* 0, 1, 6, 31, ... */
		break;
	case 4:
		fake.refuse = !fake.refuse;
		break;
	case 5:
		fake.events++;
		break;
	case 6:
		fake.too_late = !fake.too_late;
		break;
	default:
		fake.info_len = fake.info_len ? 0 : 2000;
	}
}

static void sealed(const char *s, size_t n)
{
	char buf[LINE_MAX_LEN + 64];
	int len = snprintf(buf, sizeof(buf), "#%u %.*s", fake.server.last_seq + 1,
			   n > LINE_MAX_LEN ? (int)LINE_MAX_LEN : (int)n, s);

	len += snprintf(buf + len, sizeof(buf) - (size_t)len, " *%08x\n",
			crc32_update(0, buf, (size_t)len));
	input(buf, (size_t)len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const log[] = { "first", "second" };

	fake_reset();
	had_session = false;
	fake.listed = 2;
	fake.log = log;
	fake.log_lines = 2;
	for (size_t i = 0; i < size; i++) {
		const uint8_t *end;

		if (data[i] >= 0xf0) {
			event(data[i]);
		} else if (data[i] == '~') {
			end = memchr(data + i, '\n', size - i);
			if (!end)
				end = data + size;
			sealed((const char *)data + i + 1, (size_t)(end - data - (ptrdiff_t)i - 1));
			i = (size_t)(end - data);
		} else {
			server_input(&fake.server, (char)data[i]);
		}
		check_state();
	}
	for (unsigned int i = 0; i < 200; i++)
		server_poll(&fake.server);
	check_state();
	return 0;
}
