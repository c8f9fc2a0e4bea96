/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/refusal.h"

enum key {
	KEY_FIELD = 1 << 0,
	KEY_WHAT = 1 << 1,
	KEY_INDEX = 1 << 2,
	KEY_SYMBOL = 1 << 3,
	KEY_ADDRESS = 1 << 4,
	KEY_BYTES = 1 << 5,	/* expected= and found= */
	KEY_OWNER = 1 << 6,
	KEY_CPU = 1 << 7,
	KEY_RIP = 1 << 8,
};

static const struct {
	const char *code;
	unsigned int keys;
} texts[] = {
	[REFUSE_NONE] = { "none", 0 },
	[REFUSE_FORMAT] = { "bad-patch", KEY_FIELD | KEY_WHAT | KEY_INDEX },
	[REFUSE_NO_ANCHOR] = { "no-anchor", 0 },
	[REFUSE_BUILD_ID] = { "build-id", KEY_WHAT | KEY_ADDRESS | KEY_BYTES },
	[REFUSE_UNMAPPED] = { "unmapped", KEY_SYMBOL | KEY_ADDRESS },
	[REFUSE_BYTES] = { "bytes", KEY_SYMBOL | KEY_ADDRESS | KEY_BYTES | KEY_WHAT },
	[REFUSE_WINDOW] = { "window", KEY_SYMBOL | KEY_ADDRESS },
	[REFUSE_OVERLAP] = { "overlap", KEY_SYMBOL | KEY_ADDRESS | KEY_OWNER },
	[REFUSE_RANGE] = { "range", KEY_FIELD | KEY_INDEX | KEY_SYMBOL | KEY_ADDRESS },
	[REFUSE_ANNEX] = { "annex", KEY_WHAT },
	[REFUSE_MEMORY] = { "memory", KEY_WHAT },
	[REFUSE_LATE_CPU] = { "late-cpu", KEY_CPU },
	[REFUSE_STRAGGLER] = { "straggler", KEY_CPU | KEY_RIP | KEY_SYMBOL | KEY_ADDRESS },
	[REFUSE_CHANGED] = { "changed", KEY_SYMBOL | KEY_ADDRESS | KEY_BYTES },
	[REFUSE_STATE] = { "state", KEY_WHAT },
	[REFUSE_BUSY] = { "busy", 0 },
	[REFUSE_FULL] = { "full", KEY_WHAT },
	[REFUSE_ABORTED] = { "aborted", 0 },
};

static void add_str(struct text *t, const char *key, const char *value)
{
	if (value)
		text_format(t, " %s=%s", key, value);
}

void refusal_text(const struct refusal *why, struct text *t)
{
	unsigned int code = why->code < sizeof(texts) / sizeof(texts[0]) ? why->code : 0;
	unsigned int keys = texts[code].keys;
	int n = why->nbytes < sizeof(why->found) ? why->nbytes : sizeof(why->found);

	text_format(t, " code=%s", texts[code].code);
	if (keys & KEY_FIELD)
		add_str(t, "field", why->field);
	if ((keys & KEY_INDEX) && why->field)
		text_format(t, " index=%u", why->index);
	if (keys & KEY_SYMBOL)
		add_str(t, "symbol", why->symbol);
	if (keys & KEY_ADDRESS)
		text_format(t, " address=0x%lx", why->address);
	if ((keys & KEY_BYTES) && n)
		text_format(t, " expected=%*p found=%*p", n, why->expected, n, why->found);
	if (keys & KEY_OWNER)
		text_format(t, " owner=%*p", n, why->found);
	if ((keys & KEY_CPU) && why->cpu != UINT32_MAX)
		text_format(t, " cpu=%u", why->cpu);
	if (keys & KEY_RIP)
		text_format(t, " rip=0x%lx", why->rip);
	if (keys & KEY_WHAT)
		add_str(t, "what", why->what);
}
