/* SPDX-License-Identifier: GPL-2.0-only */
/* Patch files made to order, and the engine's state compared, for the engine's tests. */
#ifndef TEST_ENGINE_UTIL_H
#define TEST_ENGINE_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/engine/engine.h"
#include "guest-tests/unit/engine/fake_machine.h"
#include "patcher/wire/patch.h"

#define TEXT(offset)		(LINK_TEXT + (offset))		/* link-time addresses */
#define SCATTERED(offset)	(LINK_SCATTERED + (offset))
#define RUNS_AT(link)		((link) + FAKE_SLIDE)		/* where the guest has them */
#define POOL_PAGES		1200u

extern const uint8_t nop5[5];

/* A patch under construction; a field may be changed before file_end(). */
struct file {
	uint8_t id;
	unsigned int nsites, nfixups;
	struct patch_site sites[PATCH_MAX_SITES];
	struct patch_fixup fixups[256];
	uint8_t text[3 * 4096], data[4096];
	uint32_t text_size, data_size, data_mem;
	struct patch_insn bodies[PATCH_MAX_BODY];	/* a number of 4 bytes per site, then lists */
	unsigned int nbodies;				/* pairs, those of the numbers included */
	uint64_t anchor, build_id_addr;
	uint8_t build_id[20];
	uint8_t *bytes;		/* of the finished file */
	size_t len;
};

/* An empty patch for the fake's kernel; its id is eight times @id. One at a time. */
struct file *file_begin(uint8_t id);
/* A site "fnN" at the link-time address, where a NOP is put, to kernel text (a redirect). */
struct patch_site *file_site(struct file *f, uint64_t link);
/* Tells the body of the last site: pairs of length and first byte, ended by length 0. */
void file_body(struct file *f, const struct patch_insn *insns);
/* Makes the site a jump to payload text. */
void file_payload(struct file *f, uint32_t text, uint32_t data, uint32_t data_mem);
/* The finished file; valid until the next file_begin(). */
void file_end(struct file *f);
const uint8_t *file_id(uint8_t id);

/* Polls to the end, with fake_check() on the way. */
enum engine_status run(void);
extern struct engine_result result;
extern struct refusal refused;

/* engine_apply() of the finished file and run(). */
enum engine_status apply(const struct file *f);
enum engine_status apply_held(uint8_t id);
enum engine_status revert(uint8_t id);
void assert_applied(const struct file *f);
void assert_reverted(uint8_t id);
/* Asserts that apply() is refused with @code and that nothing but the event is left of it. */
void assert_refused(const struct file *f, enum refusal_code code);

/* What must be as before after a refusal. */
struct state {
	size_t pool;
	view_t view;
	uint64_t ram;
	struct engine_stats stats;
	struct patch_info info[ENGINE_MAX_PATCHES];
	unsigned int patches;
};

void state_take(struct state *s);
void assert_state(const struct state *before);

/* The jump that a live site has: to payload text or to a link-time address. */
void jump_bytes(const struct patch_site *s, uint64_t annex_text, uint8_t out[5]);
/* Every CPU fetches the jump of every site; loads see @loads (5 bytes) there. */
void assert_live(const struct file *f, const uint8_t *loads);
void assert_not_live(const struct file *f);

/* Takes events until one begins with @kind; asserts that there is one. */
const char *wait_event(const char *kind);
void drop_events(void);

/* cmocka fixtures */
int machine_2(void **state);
int machine_end(void **state);

#endif
