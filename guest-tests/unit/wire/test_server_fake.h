/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands behind the server in tests: a hypervisor that only counts what it is asked to do. */
#ifndef TEST_SERVER_FAKE_H
#define TEST_SERVER_FAKE_H

#include "patcher/wire/server.h"

#define FAKE_IDS	8192u		/* patches are 0 ... FAKE_IDS - 1 */
#define FAKE_SITES	40u		/* each patch has */
#define FAKE_SENT	(64u << 10)

struct fake {
	struct server server;
	size_t sent_len, tx_room;	/* see sent; send fails beyond tx_room */
	/* How often each was really carried out. */
	unsigned int applied[FAKE_IDS], reverted[FAKE_IDS];
	unsigned int files, sets, aborts;
	size_t file_len;
	/* How the next transaction goes: polls until it is over, then refused or not. */
	unsigned int polls;
	bool refuse;
	/* The one under way. */
	bool under_way, aborted, too_late;
	unsigned int polls_left;
	const char *what;
	uint64_t id;
	/* What can be asked. */
	unsigned int listed;
	const char *const *log;
	unsigned int log_lines, log_lost;
	unsigned int events, events_taken;
	const char *event_text;
	unsigned int info_keys, info_len;	/* padding of the answer to info */
	/* From here on fake_reset() leaves things as they are. */
	char sent[FAKE_SENT];		/* what the server sent and the test has not taken yet */
	uint8_t file[PATCH_MAX_FILE];	/* the last one applied */
	_Alignas(8) uint8_t upload[PATCH_MAX_FILE];
};

extern struct fake fake;
extern const struct server_ops fake_ops;

void fake_reset(void);
/* Eight bytes of id for patch @n, and their hex digits. */
void fake_id(uint64_t n, uint8_t id[SERVER_ID_LEN]);
const char *fake_id_hex(uint64_t n);

#endif
