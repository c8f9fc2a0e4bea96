/* SPDX-License-Identifier: GPL-2.0-only */
/* Events: a ring of short lines, numbered since boot. */
#include "patcher/engine/internal.h"

#define EVENT_RING	64u
#define LINE_ROOM	256u	/* to format; what is too long for an event is cut after that */
#define SYMBOL_SHOWN	48u	/* so that the rest of a line still fits */

static struct {
	struct event_text ring[EVENT_RING];
	uint32_t written, read;		/* how many, since boot */
	uint32_t lost;
} events;

/* True if not all of it fits. */
static bool copy_text(char *to, size_t cap, const char *from)
{
	struct text t;

	text_init(&t, to, cap);
	text_str(&t, from);
	return t.cut;
}

/* A cut line ends with its last whole key: half a value would mislead, a lone quote is an error. */
static void drop_cut_key(char *s)
{
	bool quoted = false;
	char *end = NULL;

	for (; *s; s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (*s == ' ' && !quoted)
			end = s;
	}
	if (end)
		*end = '\0';
}

void event_add(const char *text, bool locked)
{
	struct event_text *e;

	if (!locked)
		machine_lock();
	if (events.written - events.read == EVENT_RING) {
		events.read++;
		events.lost++;
	}
	e = &events.ring[events.written % EVENT_RING];
	e->number = ++events.written;
	if (copy_text(e->text, sizeof(e->text), text))
		drop_cut_key(e->text);
	if (!locked)
		machine_unlock();
}

/* Reports what was lost, under the number of the last lost one. */
static void tell_loss(struct event_text *out)
{
	struct text t;

	out->number = events.read;
	text_init(&t, out->text, sizeof(out->text));
	text_format(&t, "events-lost count=%u", events.lost);
	events.lost = 0;
}

bool engine_next_event(struct event_text *out)
{
	bool any;

	machine_lock();
	any = events.read != events.written;
	if (any && events.lost)
		tell_loss(out);
	else if (any)
		*out = events.ring[events.read++ % EVENT_RING];
	machine_unlock();
	return any;
}

/* A patch went live or was reverted. Session. */
void event_patch(const char *kind, const struct held *h, const struct txn *t)
{
	char buf[LINE_ROOM];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	text_format(&text, "%s id=%*p sites=%u pause=%lu name=%s", kind, 8, h->patch.header->id,
		    h->patch.nsites, t->pause, h->patch.header->name);
	event_add(buf, false);
}

/* A transaction was refused and is undone. Session. */
void event_refused(const struct held *h, const struct refusal *why)
{
	char buf[LINE_ROOM];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	text_format(&text, "patch-refused id=%*p", 8, h->patch.header->id);
	refusal_text(why, &text);
	event_add(buf, false);
}

/* Begins an event about a site; @room, of LINE_ROOM bytes, is the caller's. */
static struct text begin(char *room, const char *kind, const struct held *h, unsigned int site,
			 uint64_t gva)
{
	char symbol[SYMBOL_SHOWN + 1];
	struct text text;

	copy_text(symbol, sizeof(symbol), patch_site_name(&h->patch, site));
	text_init(&text, room, LINE_ROOM);
	text_format(&text, "%s symbol=%s address=0x%lx", kind, symbol, gva);
	return text;
}

/* What the guest has in a window of a live patch. Lock held. */
void event_window(const char *kind, const struct held *h, unsigned int site)
{
	const struct window *w = &h->windows[site];
	char buf[LINE_ROOM];
	struct text text = begin(buf, kind, h, site, w->gva);

	text_format(&text, " bytes=%*p", w->len, w->seen);
	event_add(buf, true);
}

/* A patch is about to be taken out, for what it is about is gone. Lock held. */
void event_leaving(const char *kind, const struct held *h, unsigned int site, uint64_t gva)
{
	char buf[LINE_ROOM];
	struct text text = begin(buf, kind, h, site, gva);

	text_format(&text, " id=%*p sites=%u", 8, h->patch.header->id, h->patch.nsites);
	event_add(buf, true);
}

/* The guest has a probe at @gva in a function that is replaced. Lock held. */
void event_probe(const struct held *h, unsigned int site, uint64_t gva)
{
	char buf[LINE_ROOM];
	struct text text = begin(buf, "probe", h, site, gva);

	text_format(&text, " offset=%lu", gva - h->windows[site].gva);
	event_add(buf, true);
}
