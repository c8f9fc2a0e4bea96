/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's end of the protocol: a state machine that eats bytes and
 * gives lines. What the verbs do is behind struct server_ops, so that the host
 * tests it with a fake engine.
 */
#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include "wire/line.h"
#include "wire/patch.h"

#define SERVER_ID_HEX	16	/* a patch is named on the wire by the first 8 bytes of its id */

/* How a verb ends. */
enum server_result {
	SERVER_DONE,		/* the keys written to the reply are the answer */
	SERVER_REFUSED,		/* likewise, with code=... first */
	SERVER_PENDING,		/* ask again with server_ops.poll */
};

/*
 * All called from server_input()/server_poll() in the same context. Replies are
 * appended with text_kv_*() to @reply, which already has "+SEQ" or "-SEQ" dealt with.
 */
struct server_ops {
	/* Keys of `info`; of line @i of `list` and of `log`; false when there is no such line. */
	void (*info)(struct text *reply);
	bool (*list)(unsigned int i, struct text *line);
	/* Log ring from byte position *@pos; copies at most one line, advances *@pos; false at the end. */
	bool (*log)(uint64_t *pos, struct text *line);
	/* A whole upload is here (8-byte aligned). Starts apply. */
	enum server_result (*apply_file)(const void *file, size_t len, struct text *reply);
	/* Starts apply of a patch that is held already, revert of a live one. @id: 8 bytes. */
	enum server_result (*apply_held)(const uint8_t *id, struct text *reply);
	enum server_result (*revert)(const uint8_t *id, struct text *reply);
	/* Goes on with what is pending. May report progress by appending to @progress keys (phase=, done=, of=). */
	enum server_result (*poll)(struct text *reply, struct text *progress);
	/* Gives up what is pending, if it still can be. */
	enum server_result (*abort)(struct text *reply);
	/* Log level, and other settings: `set key=value`. False if unknown or out of range. */
	bool (*set)(const char *key, const char *value);
	/* Queues bytes for the line; false if they do not fit now (the server tries again later). */
	bool (*send)(const char *bytes, size_t len);
	/* Next event to report, or false. Fills the line after "!N": kind and keys. */
	bool (*event)(uint32_t *number, struct text *line);
};

struct server {
	const struct server_ops *ops;
	struct line_reader reader;
	uint64_t nonce;			/* of this boot, shown by hello and info */
	/* Upload area, given at init, 8-byte aligned. */
	uint8_t *upload;
	size_t upload_cap, upload_size, upload_got;
	uint32_t upload_crc;
	/* Duplicate suppression: the last numbered request and its final reply. */
	uint32_t last_seq, last_crc;
	bool have_last, pending, events_on;
	char reply[LINE_MAX_LEN + 2];
	size_t reply_len;
	/* Multi-line answers go out one line per poll. */
	int multi;			/* enum of server.c */
	uint32_t multi_seq;
	bool multi_person;
	uint64_t multi_pos;
	/* Counters, shown by info. */
	uint32_t lines, bad_lines, dup_lines;
};

/**
 * server_init - @upload: @cap bytes, 8-byte aligned, at least PATCH_MAX_FILE
 * Root or host context; one CPU at a time may call any server function.
 */
void server_init(struct server *s, const struct server_ops *ops, uint64_t nonce,
		 void *upload, size_t cap);

/* Eats one received byte. */
void server_input(struct server *s, char c);

/* A slice of work: pending request, lines of long answers, events. Bounded. Returns true if there is more to do soon. */
bool server_poll(struct server *s);

/* The line lost bytes (UART overrun): the line being read is thrown away when it ends. */
void server_overrun(struct server *s);

#endif
