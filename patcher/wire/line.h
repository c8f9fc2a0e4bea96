/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line of the console protocol: finds its end, checks it, takes it apart and writes it.
 * The specification is docs/protocol.md; both ends use this file.
 *
 *   request   [#SEQ ]VERB[ WORD|KEY=VALUE]...[ *CRC]
 *   reply     +SEQ[ KEY=VALUE]... *CRC           done
 *             -SEQ code=CODE[ KEY=VALUE]... *CRC refused, nothing changed
 *             =SEQ[ KEY=VALUE]... *CRC           one of several lines of an answer, or progress
 *   event     !N KIND[ KEY=VALUE]... *CRC        N counts the events since boot
 *
 * CRC: CRC-32 (IEEE 802.3) of everything before the blank in front of '*', 8 lower
 * case hex digits. Only a request without "#SEQ" may leave it out: a person types it, and
 * it may only ask (help, info, list, ...). Its replies have the number 0, as have
 * replies to lines whose number cannot be trusted. CR and LF end a line; empty
 * lines are skipped.
 *
 * A VALUE or WORD may be quoted: "...", where "" stands for one '"'.
 */
#ifndef WIRE_LINE_H
#define WIRE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/wire/text.h"

#define LINE_MAX_LEN	1024u	/* without the line end */
#define LINE_MAX_ARGS	40u
#define LINE_CRC_LEN	10u	/* " *" and 8 digits */

enum line_kind {
	LINE_REQUEST = '#',
	LINE_PERSON = 'p',	/* a request without sequence number and CRC */
	LINE_DONE = '+',
	LINE_REFUSED = '-',
	LINE_PART = '=',
	LINE_EVENT = '!',
};

enum line_error {
	LINE_OK,
	LINE_EMPTY,
	LINE_TOO_LONG,		/* reported once when the long line ends */
	LINE_BAD_BYTE,		/* a byte outside 0x20 ... 0x7e or a lone quote */
	LINE_NO_CRC,
	LINE_BAD_CRC,
	LINE_BAD_SEQ,		/* not a decimal number 0 ... 2^32-1; 0 in a request */
	LINE_TOO_MANY_ARGS,
	LINE_NO_VERB,
	LINE_BAD_KEY,		/* a word that begins with '=' */
};

struct line_arg {
	const char *key;	/* "" for a bare word */
	const char *value;
};

struct line {
	enum line_kind kind;
	uint32_t seq;
	uint32_t crc;		/* as computed over the line */
	const char *verb;	/* request: the verb; event: the kind; replies: "" */
	unsigned int nargs;
	struct line_arg args[LINE_MAX_ARGS];
};

/* Collects bytes into lines. Zero it to start. */
struct line_reader {
	char buf[LINE_MAX_LEN + 1];
	size_t len;
	bool overflow;		/* the line is too long: its other bytes are skipped */
};

/**
 * line_feed - take one byte
 * Returns true when a line is complete: it is in r->buf, NUL terminated, until
 * the next call (and *error is LINE_OK), or it was too long (LINE_TOO_LONG).
 * Empty lines do not return true. Any context; one caller per reader.
 */
bool line_feed(struct line_reader *r, char c, enum line_error *error);

/**
 * line_parse - take a line apart
 * @s: NUL terminated, without line end; changed in place
 * @out: points into @s; after an error only kind is valid, as the first byte has it
 * Any context.
 */
enum line_error line_parse(char *s, struct line *out);

/* The number of the request that follows request @seq in a session. */
uint32_t line_next_seq(uint32_t seq);

/* Value of the argument @key, or NULL. */
const char *line_get(const struct line *l, const char *key);

/* The code= and the field= of an error in docs/protocol.md, such as "bad-crc" and "crc". */
const char *line_error_name(enum line_error e);
const char *line_error_field(enum line_error e);

/*
 * Starts a line of this kind (LINE_REQUEST, _DONE, _REFUSED, _PART, _EVENT) with its number:
 * kind and digits. @t must be empty; the caller goes on with text_format(t, " key=%s", ...).
 */
void line_begin(struct text *t, enum line_kind kind, uint32_t seq);
/* Ends a line: " *CRC\n". False if it does not fit in @t or LINE_MAX_LEN: do not send it. */
bool line_end(struct text *t);

#endif
