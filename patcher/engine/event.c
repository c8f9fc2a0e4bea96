/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include "patcher/engine/event.h"
#include "patcher/engine/state.h"

#define LINE_ROOM	256u	/* bytes to format a line in, before it is cut to an event's size */
#define SYMBOL_SHOWN	48u	/* characters of a symbol, so that the rest of the line fits */

/* Returns true if not all of the line fits. */
static bool copy_text(char *to, size_t cap, const char *from)
{
	struct text t;

	text_init(&t, to, cap);
	text_str(&t, from);
	return t.cut;
}

/* Cuts the line after its last whole key: half a value would mislead, an open quote is an error. */
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

void event_line(const char *line)
{
	struct event_ring *ring = &eng.events;
	struct event_text *e;

	if (ring->written - ring->read == EVENT_RING) {
		ring->read++;
		ring->lost++;
	}
	e = &ring->lines[ring->written % EVENT_RING];
	e->number = ++ring->written;
	if (copy_text(e->text, sizeof(e->text), line))
		drop_cut_key(e->text);
}

void event_add(const char *fmt, ...)
{
	char line[LINE_ROOM];
	struct text t;
	va_list ap;

	text_init(&t, line, sizeof(line));
	va_start(ap, fmt);
	text_vformat(&t, fmt, ap);
	va_end(ap);
	event_line(line);
}

void event_site(const char *kind, const struct held *h, unsigned int site, uint64_t gva,
		const char *fmt, ...)
{
	char symbol[SYMBOL_SHOWN + 1], line[LINE_ROOM];
	struct text t;
	va_list ap;

	copy_text(symbol, sizeof(symbol), patch_site_name(&h->patch, site));
	text_init(&t, line, sizeof(line));
	text_format(&t, "%s symbol=%s address=0x%lx", kind, symbol, gva);
	va_start(ap, fmt);
	text_vformat(&t, fmt, ap);
	va_end(ap);
	event_line(line);
}

/* Reports the lost lines, under the number of the last one of them. Lock held. */
static void report_loss(struct event_ring *ring, struct event_text *out)
{
	struct text t;

	out->number = ring->read;
	text_init(&t, out->text, sizeof(out->text));
	text_format(&t, "events-lost count=%u", ring->lost);
	ring->lost = 0;
}

bool engine_next_event(struct event_text *out)
{
	struct event_ring *ring = &eng.events;
	bool any;

	machine_lock();
	any = ring->read != ring->written;
	if (any && ring->lost)
		report_loss(ring, out);
	else if (any)
		*out = ring->lines[ring->read++ % EVENT_RING];
	machine_unlock();
	return any;
}
