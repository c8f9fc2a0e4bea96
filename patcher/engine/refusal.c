/* SPDX-License-Identifier: GPL-2.0-only */
/* Refusals as text: one table of words, keys and sentences (docs/protocol.md lists them). */
#include "engine/internal.h"

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
	const char *msg;
} texts[] = {
	[REFUSE_NONE] = { "none", 0, "nothing was refused" },
	[REFUSE_FORMAT] = { "bad-patch", KEY_FIELD | KEY_WHAT | KEY_INDEX,
			    "the patch file is malformed" },
	[REFUSE_NO_ANCHOR] = { "no-anchor", 0, "no kernel runs yet: LSTAR is not set" },
	[REFUSE_BUILD_ID] = { "build-id", KEY_WHAT | KEY_ADDRESS | KEY_BYTES,
			      "the patch was made for another kernel" },
	[REFUSE_UNMAPPED] = { "unmapped", KEY_SYMBOL | KEY_ADDRESS,
			      "the guest has no plain memory there" },
	[REFUSE_BYTES] = { "bytes", KEY_SYMBOL | KEY_ADDRESS | KEY_BYTES,
			   "the guest has other bytes there" },
	[REFUSE_WINDOW] = { "window", KEY_SYMBOL | KEY_ADDRESS,
			    "the window spans more than one instruction" },
	[REFUSE_OVERLAP] = { "overlap", KEY_SYMBOL | KEY_ADDRESS | KEY_OWNER,
			     "another site has these bytes" },
	[REFUSE_RANGE] = { "range", KEY_FIELD | KEY_INDEX | KEY_SYMBOL | KEY_ADDRESS,
			   "the value does not fit its field" },
	[REFUSE_ANNEX] = { "annex", KEY_WHAT, "the payload cannot be placed" },
	[REFUSE_MEMORY] = { "memory", KEY_WHAT, "the page pool is empty" },
	[REFUSE_LATE_CPU] = { "late-cpu", KEY_CPU, "a CPU did not stop in time" },
	[REFUSE_STRAGGLER] = { "straggler", KEY_CPU | KEY_RIP | KEY_SYMBOL | KEY_ADDRESS,
			       "a CPU stays inside a window" },
	[REFUSE_CHANGED] = { "changed", KEY_SYMBOL | KEY_ADDRESS | KEY_BYTES,
			     "the guest wrote into a window meanwhile" },
	[REFUSE_STATE] = { "state", KEY_WHAT, "not in this state" },
	[REFUSE_BUSY] = { "busy", 0, "another transaction is under way" },
	[REFUSE_FULL] = { "full", KEY_WHAT, "the engine holds no more" },
	[REFUSE_ABORTED] = { "aborted", 0, "given up on request" },
};

static void add_str(struct text *t, const char *key, const char *value)
{
	if (value)
		text_kv_str(t, key, value);
}

void refusal_text(const struct refusal *why, struct text *t)
{
	unsigned int code = why->code < sizeof(texts) / sizeof(texts[0]) ? why->code : 0;
	unsigned int keys = texts[code].keys;
	size_t n = why->nbytes < sizeof(why->found) ? why->nbytes : sizeof(why->found);

	text_kv_str(t, "code", texts[code].code);
	if (keys & KEY_FIELD)
		add_str(t, "field", why->field);
	if ((keys & KEY_INDEX) && why->field)
		text_kv_dec(t, "index", why->index);
	if (keys & KEY_SYMBOL)
		add_str(t, "symbol", why->symbol);
	if (keys & KEY_ADDRESS)
		text_kv_hex(t, "address", why->address);
	if ((keys & KEY_BYTES) && n) {
		text_kv_bytes(t, "expected", why->expected, n);
		text_kv_bytes(t, "found", why->found, n);
	}
	if (keys & KEY_OWNER)
		text_kv_bytes(t, "owner", why->found, n);
	if ((keys & KEY_CPU) && why->cpu != UINT32_MAX)
		text_kv_dec(t, "cpu", why->cpu);
	if (keys & KEY_RIP)
		text_kv_hex(t, "rip", why->rip);
	if (keys & KEY_WHAT)
		add_str(t, "what", why->what);
	text_kv_str(t, "msg", texts[code].msg);
}
