/* SPDX-License-Identifier: GPL-2.0-only */
/* subtext.conf: whatever it holds, the result is in range and complaints point into it. */
#include <stdlib.h>
#include <string.h>
#include "boot/conf.h"
#include "boot/text.h"

#define CHECK(x) do { if (!(x)) abort(); } while (0)

struct seen {
	const char *text;
	size_t len;
	unsigned int count, line;
};

static void complain(void *ctx, unsigned int line, const char *what, const char *text, size_t len)
{
	struct seen *s = ctx;

	CHECK(line > s->line);
	s->line = line;
	s->count++;
	CHECK(what && *what);
	CHECK(text >= s->text && len <= (size_t)(s->text + s->len - text));
	CHECK(!memchr(text, '\n', len));
}

static void check_range(const struct conf *c)
{
	CHECK(c->serial_port == 0 || (c->serial_port >= 0x100 && c->serial_port % 8 == 0));
	CHECK(c->serial_speed >= 2 && 115200 % c->serial_speed == 0);
	CHECK(c->log_level <= 3);
	CHECK(memchr(c->next, 0, sizeof(c->next)));
	CHECK(memchr(c->options, 0, sizeof(c->options)));
}

/* What the parser let through converts without a replacement character of our own. */
static void check_text(const char *s)
{
	static uint16_t out[CONF_OPTIONS_MAX];
	size_t n = utf8_to_utf16(s, out, CONF_OPTIONS_MAX);

	CHECK(n < CONF_OPTIONS_MAX && out[n] == 0);
	for (size_t i = 0; i < n; i++) {
		CHECK(out[i] >= 0x20 || out[i] == '\t');
		if (out[i] == 0xfffd)
			CHECK(strstr(s, "\xef\xbf\xbd"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size, so that a byte too far is seen. */
	char *text = malloc(size ? size : 1);
	struct seen seen = { text, size, 0, 0 };
	static struct conf c;

	CHECK(text);
	memcpy(text, data, size);
	memset(&c, 0xa5, sizeof(c));
	CHECK(conf_parse(text, size, &c, complain, &seen) == seen.count);
	check_range(&c);
	check_text(c.next);
	check_text(c.options);
	free(text);
	return 0;
}
