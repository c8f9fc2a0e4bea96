/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: a ring of short lines, numbered since boot. Their meaning is in docs/protocol.md;
 * engine_next_event() takes them out.
 */
#ifndef ENGINE_EVENT_H
#define ENGINE_EVENT_H

#include <stdint.h>

#define EVENT_RING	64u

struct event_text;
struct held;

struct event_ring {
	struct event_text *lines;	/* EVENT_RING of them */
	uint32_t written, read;		/* how many events, since boot */
	uint32_t lost;
};

/*
 * Adds a line "kind key=value ...". A line that is too long ends with its last whole key;
 * a full ring loses its oldest line. Lock held.
 */
void event_line(const char *line);

/* The same, made by text_format(). Lock held. */
void event_add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An event about a site of @h: @kind, the symbol, address @gva, then what @fmt says. Lock held. */
void event_site(const char *kind, const struct held *h, unsigned int site, uint64_t gva,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
