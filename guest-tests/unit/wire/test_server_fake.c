/* SPDX-License-Identifier: GPL-2.0-only */
/* See test_server_fake.h. */
#include <stdio.h>
#include <string.h>
#include "guest-tests/unit/wire/test_server_fake.h"

struct fake fake;

void fake_id(uint64_t n, uint8_t id[SERVER_ID_LEN])
{
	for (unsigned int i = 0; i < SERVER_ID_LEN; i++)
		id[i] = (uint8_t)(n >> (56 - 8 * i));
}

const char *fake_id_hex(uint64_t n)
{
	static char buf[SERVER_ID_HEX + 1];

	snprintf(buf, sizeof(buf), "%016llx", (unsigned long long)n);
	return buf;
}

static uint64_t number_of(const uint8_t *id)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < SERVER_ID_LEN; i++)
		n = n << 8 | id[i];
	return n;
}

static void info(struct text *t)
{
	text_format(t, " cpus=2 state=%s", "guest is running");
	for (unsigned int i = 0; i < fake.info_keys; i++)
		text_format(t, " key=%u", i);
	for (unsigned int i = 0; i < fake.info_len; i++)
		text_char(t, 'x');
}

static bool list(unsigned int i, struct text *t)
{
	if (i >= fake.listed)
		return false;
	text_format(t, " id=%s name=%s state=live", fake_id_hex(i), "fix one");
	return true;
}

static bool sites(const uint8_t *id, unsigned int i, struct text *t)
{
	if (number_of(id) >= fake.listed || i >= FAKE_SITES)
		return false;
	text_format(t, " symbol=guest_answer address=0x%lx", 0xffffffff81000000 + i * 16);
	return true;
}

/* Positions are 100 times the line number; the first log_lost lines are gone. */
static bool log_line(uint64_t *pos, struct text *t)
{
	uint64_t i = *pos / 100;

	if (i < fake.log_lost)
		i = fake.log_lost;
	if (i >= fake.log_lines)
		return false;
	text_format(t, " text=%s", fake.log[i]);
	*pos = (i + 1) * 100;
	return true;
}

static enum server_result over(struct text *t)
{
	fake.under_way = false;
	if (fake.aborted || fake.refuse) {
		text_format(t, " code=%s symbol=guest_answer", fake.aborted ? "aborted" : "bytes");
		return SERVER_REFUSED;
	}
	if (!strcmp(fake.what, "revert"))
		fake.reverted[fake.id % FAKE_IDS]++;
	else if (!strcmp(fake.what, "file"))
		fake.files++;
	else
		fake.applied[fake.id % FAKE_IDS]++;
	text_format(t, " id=%s pause_ns=4200", fake_id_hex(fake.id));
	return SERVER_DONE;
}

static enum server_result start(enum server_start what, const void *from, size_t len,
				struct text *t)
{
	static const char *const names[] = {
		[SERVER_APPLY_FILE] = "file", [SERVER_APPLY_HELD] = "held", [SERVER_REVERT] = "revert",
	};

	fake.what = names[what];
	if (what == SERVER_APPLY_FILE) {
		memcpy(fake.file, from, len);
		fake.file_len = len;
		fake.id = 0x6b1f2c3d4e5f6071;
	} else {
		fake.id = number_of(from);
	}
	fake.aborted = false;
	fake.polls_left = fake.polls;
	fake.under_way = true;
	return fake.polls ? SERVER_PENDING : over(t);
}

static enum server_result poll(struct text *reply, struct text *progress)
{
	if (!fake.aborted && fake.polls_left > 1) {
		fake.polls_left--;
		text_format(progress, " phase=prepare done=%u of=%u", fake.polls - fake.polls_left,
			    fake.polls);
		return SERVER_PENDING;
	}
	return over(reply);
}

static enum server_result give_up(struct text *t)
{
	if (fake.too_late) {
		text_format(t, " code=state what=%s", "past the commit");
		return SERVER_REFUSED;
	}
	fake.aborts++;
	fake.aborted = true;
	return SERVER_DONE;
}

static bool set(const char *key, const char *value)
{
	uint64_t v;

	if (strcmp(key, "log") != 0 || !text_parse_u64(value, &v) || v > 4)
		return false;
	fake.sets++;
	return true;
}

static bool send(const char *bytes, size_t len)
{
	if (fake.sent_len + len > fake.tx_room)
		return false;
	memcpy(fake.sent + fake.sent_len, bytes, len);
	fake.sent_len += len;
	return true;
}

static const char *event(uint32_t *number)
{
	static char buf[128];

	if (fake.events_taken == fake.events)
		return NULL;
	*number = fake.events_taken++;
	snprintf(buf, sizeof(buf), "%s n=%u", fake.event_text, *number);
	return buf;
}

const struct server_ops fake_ops = {
	.version = "0.1",
	.info = info,
	.list = list,
	.sites = sites,
	.log = log_line,
	.start = start,
	.poll = poll,
	.abort = give_up,
	.set = set,
	.send = send,
	.event = event,
};

void fake_reset(void)
{
	memset(&fake, 0, offsetof(struct fake, sent));
	fake.tx_room = sizeof(fake.sent);
	fake.event_text = "window-write symbol=guest_answer";
	server_init(&fake.server, &fake_ops, 0x0123456789abcdef, fake.upload, sizeof(fake.upload));
}
