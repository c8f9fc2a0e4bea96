/* SPDX-License-Identifier: GPL-2.0-only */
/* How the host tool brings a file over a line that loses bytes: see client.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "patcher/wire/base64.h"
#include "patcher/wire/client.h"
#include "patcher/wire/crc32.h"

#define DATA_TRIES	3u
#define MIN_CHUNK	48u	/* bytes per data line on a bad line; both multiples of 3 */
/* What is left of a line when "#SEQ data off=OFFSET b64=", at most 32 bytes, is taken off. */
#define MAX_CHUNK	((LINE_MAX_LEN - LINE_CRC_LEN - 32) / 4 * 3)

/* How many bytes the other end has after put or data. False if the reply does not say. */
static bool upload_next(const struct client *c, size_t len, size_t *next)
{
	const char *value = client_get(c, "next");
	uint64_t v;

	if (!value || !text_parse_u64(value, &v) || v > len)
		return false;
	*next = (size_t)v;
	return true;
}

/* Announces the file; *@next is where to go on. */
static enum client_result put(struct client *c, const void *file, size_t len, size_t *next)
{
	char request[64];
	enum client_result r;

	snprintf(request, sizeof(request), "put size=%zu crc=%08" PRIx32, len,
		 crc32_update(0, file, len));
	r = client_request(c, request);
	if (r == CLIENT_DONE && !upload_next(c, len, next))
		return CLIENT_REFUSED;
	return r;
}

/* Sends at most @chunk bytes at *@next; moves *@next on. */
static enum client_result data(struct client *c, const void *file, size_t len, size_t chunk,
			       size_t *next)
{
	unsigned int tries = c->tries;
	char buf[LINE_MAX_LEN];
	enum client_result r;
	struct text t;
	const char *code;

	text_init(&t, buf, sizeof(buf));
	text_format(&t, "data off=%lu b64=", *next);
	base64_encode(&t, (const char *)file + *next, chunk < len - *next ? chunk : len - *next);
	/* A line that does not get through soon gives way to a new session and shorter lines. */
	if (c->tries > DATA_TRIES)
		c->tries = DATA_TRIES;
	r = client_request(c, buf);
	c->tries = tries;
	if (r == CLIENT_DONE)
		return upload_next(c, len, next) ? r : CLIENT_REFUSED;
	if (r != CLIENT_REFUSED)
		return r == CLIENT_NO_ANSWER ? CLIENT_LOST : r;
	/* Another client used the upload area: begin anew. */
	code = client_get(c, "code");
	if (code && (!strcmp(code, "bad-offset") || !strcmp(code, "no-upload")))
		return CLIENT_LOST;
	return r;
}

enum client_result client_upload(struct client *c, const void *file, size_t len,
				 void (*progress)(void *arg, size_t done, size_t of), void *arg)
{
	unsigned int tries = c->tries, resent;
	size_t next = 0, furthest = 0, chunk = MAX_CHUNK;
	enum client_result r = put(c, file, len, &next);

	while (r == CLIENT_LOST || (r == CLIENT_DONE && next < len)) {
		resent = c->resent;
		if (r == CLIENT_LOST) {
			if (tries-- == 0)
				return r;
			r = put(c, file, len, &next);
		} else {
			r = data(c, file, len, chunk, &next);
		}
		/* Short lines get through where long ones do not. */
		if (c->resent == resent)
			chunk = chunk * 5 / 4 < MAX_CHUNK ? chunk * 5 / 12 * 3 : MAX_CHUNK;
		else
			chunk = chunk / 2 > MIN_CHUNK ? chunk / 6 * 3 : MIN_CHUNK;
		if (next > furthest) {
			furthest = next;
			tries = c->tries;
		}
		if (r == CLIENT_DONE && progress)
			progress(arg, next, len);
	}
	return r;
}
