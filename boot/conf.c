/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parser of subtext.conf. Whatever the file holds, the result can be used: a
 * line that is not understood is reported and its default stays.
 */
#include "boot/conf.h"
#include "boot/text.h"

/* Part of the file; never NUL terminated. */
struct span {
	const char *s;
	size_t n;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span t)
{
	while (t.n && is_blank(t.s[0])) {
		t.s++;
		t.n--;
	}
	while (t.n && is_blank(t.s[t.n - 1]))
		t.n--;
	return t;
}

static bool is(struct span t, const char *word)
{
	size_t i;

	for (i = 0; i < t.n && word[i] == t.s[i]; i++)
		if (!word[i])
			return false;
	return i == t.n && !word[i];
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* The whole of @t as a number not above @max. */
static bool number(struct span t, uint32_t base, uint32_t max, uint32_t *out)
{
	uint64_t value = 0;

	if (!t.n)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		uint32_t d = (uint32_t)digit(t.s[i]);

		if (d >= base)
			return false;
		value = value * base + d;
		if (value > max)
			return false;
	}
	*out = (uint32_t)value;
	return true;
}

static bool copy(struct span t, char *out, size_t max)
{
	if (t.n >= max)
		return false;
	for (size_t i = 0; i < t.n; i++)
		out[i] = t.s[i];
	out[t.n] = 0;
	return true;
}

/* The setters return NULL, or what is wrong with the value. */

static const char *set_serial(struct conf *c, struct span v)
{
	static const struct {
		const char *name;
		uint16_t port;
	} ports[] = {
		{ "none", 0 }, { "com1", 0x3f8 }, { "com2", 0x2f8 },
		{ "com3", 0x3e8 }, { "com4", 0x2e8 },
	};
	uint32_t port;

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		if (is(v, ports[i].name)) {
			c->serial_port = ports[i].port;
			return NULL;
		}
	}
	/* Ports below 0x100 belong to the main board; a UART has 8 registers. */
	if (v.n > 2 && v.s[0] == '0' && (v.s[1] == 'x' || v.s[1] == 'X') &&
	    number((struct span){ v.s + 2, v.n - 2 }, 16, 0xfff8, &port) &&
	    port >= 0x100 && port % 8 == 0) {
		c->serial_port = (uint16_t)port;
		return NULL;
	}
	return "not com1 ... com4, none or a port such as 0x2f8";
}

static const char *set_speed(struct conf *c, struct span v)
{
	uint32_t speed;

	/* The divisor of the UART's 115200 Hz has 16 bits. */
	if (!number(v, 10, 115200, &speed) || speed < 2 || 115200 % speed)
		return "not a speed that divides 115200";
	c->serial_speed = speed;
	return NULL;
}

static const char *set_next(struct conf *c, struct span v)
{
	return copy(v, c->next, sizeof(c->next)) ? NULL : "longer than 255 bytes";
}

static const char *set_options(struct conf *c, struct span v)
{
	return copy(v, c->options, sizeof(c->options)) ? NULL : "longer than 2047 bytes";
}

static const char *set_log_level(struct conf *c, struct span v)
{
	static const char *const names[][2] = {
		{ "error", "0" }, { "warning", "1" }, { "info", "2" }, { "debug", "3" },
	};

	for (uint8_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is(v, names[i][0]) || is(v, names[i][1])) {
			c->log_level = i;
			return NULL;
		}
	}
	return "not error, warning, info or debug";
}

static const char *set_switch(bool *out, struct span v)
{
	if (!is(v, "on") && !is(v, "off"))
		return "not on or off";
	*out = is(v, "on");
	return NULL;
}

static const char *set_cpuid_leaf(struct conf *c, struct span v)
{
	return set_switch(&c->cpuid_leaf, v);
}

static const char *set_enabled(struct conf *c, struct span v)
{
	return set_switch(&c->enabled, v);
}

static const struct key {
	const char *name;
	const char *(*set)(struct conf *c, struct span value);
} keys[] = {
	{ "serial", set_serial },
	{ "serial-speed", set_speed },
	{ "next", set_next },
	{ "options", set_options },
	{ "log-level", set_log_level },
	{ "cpuid-leaf", set_cpuid_leaf },
	{ "subtext", set_enabled },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* Names what stands in @t that no line may hold; NULL if there is nothing. A tab is a blank. */
static const char *bad_characters(struct span t)
{
	while (t.n) {
		uint32_t code;
		size_t took = utf8_next(t.s, t.n, &code);

		if (!took)
			return "not UTF-8";
		if ((code < 0x20 && code != '\t') || code == 0x7f)
			return "control character";
		t.s += took;
		t.n -= took;
	}
	return NULL;
}

/* Returns NULL, or what is wrong with the line. @seen: one flag for each key. */
static const char *parse_line(struct span line, struct conf *out, bool *seen)
{
	struct span name = line, value;
	const char *wrong = bad_characters(line);
	size_t eq = 0, i;

	if (wrong)
		return wrong;
	while (eq < line.n && line.s[eq] != '=')
		eq++;
	if (eq == line.n)
		return "no '='";
	name.n = eq;
	name = trim(name);
	value = trim((struct span){ line.s + eq + 1, line.n - eq - 1 });
	for (i = 0; i < KEYS && !is(name, keys[i].name); i++)
		;
	if (i == KEYS)
		return "unknown key";
	if (seen[i])
		return "key given twice";
	seen[i] = true;
	return keys[i].set(out, value);
}

void conf_defaults(struct conf *out)
{
	*out = (struct conf){
		.serial_port = 0x2f8,
		.serial_speed = 115200,
		.log_level = 2,
		.cpuid_leaf = true,
		.enabled = true,
	};
}

unsigned int conf_parse(const char *text, size_t len, struct conf *out, conf_complain *complain,
			void *ctx)
{
	static const char bom[] = "\xef\xbb\xbf";
	unsigned int line = 0, complaints = 0;
	bool seen[KEYS] = { false };
	size_t at = 0;

	conf_defaults(out);
	if (len >= 3 && text[0] == bom[0] && text[1] == bom[1] && text[2] == bom[2])
		at = 3;
	while (at < len) {
		struct span t = { text + at, 0 };
		const char *wrong = NULL;

		while (at + t.n < len && t.s[t.n] != '\n')
			t.n++;
		at += t.n + 1;
		line++;
		t = trim(t);
		if (t.n && t.s[0] != '#')
			wrong = parse_line(t, out, seen);
		if (!wrong)
			continue;
		complaints++;
		if (complain)
			complain(ctx, line, wrong, t.s, t.n);
	}
	return complaints;
}
