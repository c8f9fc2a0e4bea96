/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's end of the protocol: a state machine that takes bytes and
 * sends lines. It asks struct server_ops for all that the hypervisor does, so that
 * the host tests it with a fake engine. docs/protocol.md is the specification.
 */
#ifndef WIRE_SERVER_H
#define WIRE_SERVER_H

#include "patcher/wire/line.h"
#include "patcher/wire/patch.h"

#define SERVER_PROTO	1	/* version of the protocol, shown by hello */
#define SERVER_ID_HEX	16	/* a patch is named on the wire by the first 8 bytes of its id */
#define SERVER_ID_LEN	(SERVER_ID_HEX / 2)

/* How a verb ends. */
enum server_result {
	SERVER_DONE,		/* the keys written to the reply are the answer */
	SERVER_REFUSED,		/* likewise, with code=... first; nothing was changed */
	SERVER_PENDING,		/* call server_ops.poll again; nothing is written to the reply */
};

enum server_start {
	SERVER_APPLY_FILE,	/* the upload */
	SERVER_APPLY_HELD,	/* a reverted patch that is held already */
	SERVER_REVERT,		/* a live one */
};

/*
 * server_input() and server_poll() call these in their own context. A reply is appended to @reply,
 * behind the sequence number, by text_format(); there is room for about 990 bytes and 30 keys.
 * What does not fit is replaced by "cut=1".
 */
struct server_ops {
	const char *version;	/* version of the hypervisor, shown by hello */
	/* Keys of `info`, at most 25 of them. */
	void (*info)(struct text *reply);
	/* Keys of line @i of `list`; false when there is no such line. */
	bool (*list)(unsigned int i, struct text *line);
	/* Keys of site @i of the held patch @id; false if there is no such patch or site. */
	bool (*sites)(const uint8_t *id, unsigned int i, struct text *line);
	/*
	 * Log ring from byte position *@pos, or from the oldest line kept if that is later: one
	 * line as text="..."; *@pos moves behind it. False, *@pos unchanged, at the end.
	 */
	bool (*log)(uint64_t *pos, struct text *line);
	/*
	 * Starts a transaction. A whole upload is 8-byte aligned, and stays while this is pending;
	 * for the others @from is an id, @len its length.
	 */
	enum server_result (*start)(enum server_start what, const void *from, size_t len,
				    struct text *reply);
	/*
	 * Goes on with the pending transaction; never called without one. Writes to @reply when it
	 * is over. Until then it may write its progress to @progress: phase=, done=, of=; 100 bytes.
	 */
	enum server_result (*poll)(struct text *reply, struct text *progress);
	/*
	 * Gives up the pending transaction: SERVER_DONE, and a later poll returns SERVER_REFUSED
	 * with code=aborted; or SERVER_REFUSED because it is too late, and poll goes on as before.
	 */
	enum server_result (*abort)(struct text *reply);
	/* A setting: set key=... value=... False if it is unknown or out of range. */
	bool (*set)(const char *key, const char *value);
	/* Queues all bytes for the line, or none and returns false: the server tries again. */
	bool (*send)(const char *bytes, size_t len);
	/* Takes the next event: "kind key=value ...", at most 900 bytes; or NULL. */
	const char *(*event)(uint32_t *number);
};

struct verb;

/* A line to be sent; len is 0 when there is none, or when it was sent. */
struct server_line {
	char buf[LINE_MAX_LEN + 2];
	size_t len;
};

struct server {
	const struct server_ops *ops;
	struct line_reader reader;
	bool overrun;			/* the line being read lost bytes */
	struct line line;		/* the request that is carried out */
	uint64_t nonce;			/* random number of this boot, shown by hello and info */
	/* Upload area, given at init, 8-byte aligned. */
	uint8_t *upload;
	size_t upload_cap, upload_size, upload_got;
	uint32_t upload_crc, upload_crc_got;
	/* Session, and duplicate suppression: the last numbered request and its final reply. */
	bool session, events_on;
	uint32_t last_seq, last_crc;
	struct server_line reply;
	bool reply_due;
	/* The verb of the transaction under way, or NULL; pending_seq is 0 if its client is gone. */
	const struct verb *pending;
	uint32_t pending_seq, pending_polls;
	char progress[112];
	/* Answers of several lines go out one line per poll. */
	const struct verb *multi;
	uint32_t multi_seq;		/* 0: a person's */
	uint64_t multi_pos;
	uint8_t multi_id[SERVER_ID_LEN];
	/* Lines that are sent once: a part, an event or an error; the end of an older transaction. */
	struct server_line out, result;
	/* Counters, shown by info. */
	uint32_t lines, bad_lines, dup_lines;
};

/**
 * server_init - start without a session
 * @ops: all functions set; must outlive @s
 * @nonce: of this boot
 * @upload: @cap bytes, 8-byte aligned, at least PATCH_MAX_FILE
 * Root or host context; one CPU at a time may call any server function.
 */
void server_init(struct server *s, const struct server_ops *ops, uint64_t nonce,
		 void *upload, size_t cap);

/* Takes one received byte. A line end carries out the request, in bounded time. */
void server_input(struct server *s, char c);

/*
 * A slice of work: one poll of the pending transaction, and one line of an answer
 * of several lines or one event. Returns true if there is more to do soon.
 */
bool server_poll(struct server *s);

/* The UART lost bytes: the line that comes in now is refused when it ends. */
void server_overrun(struct server *s);

#endif
