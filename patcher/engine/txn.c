/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a transaction: its programs of phases, their slices, and how it ends. */
#include "patcher/engine/txn.h"
#include "patcher/engine/commit.h"
#include "patcher/engine/prepare.h"
#include "patcher/engine/probe.h"
#include "patcher/engine/site.h"
#include "patcher/engine/state.h"
#include "patcher/wire/mem.h"

#define SLICES_PER_SEC	10000u	/* a slice is 100 us of work */

static const struct phase apply_program[] = {
	{ "verify", site_verify },
	{ "annex", annex_place },
	{ "sites", site_resolve },
	{ "bodies", site_bodies },
	{ "payload", annex_fill },
	{ "guard", prepare_guard },
	{ "spread", prepare_spread },
	{ "check", site_check },
	{ "prepare", prepare_exec },
	{ "commit", commit_now },
	{ "probes", probe_find },
	{ "clean", prepare_settle },
	{ "", NULL },
};

static const struct phase revert_program[] = {
	{ "sites", site_withdraw },
	{ "prepare", prepare_exec },
	{ "commit", commit_now },
	{ "clean", prepare_settle },
	{ "", NULL },
};

static const struct phase undo_program[] = {
	{ "undo", prepare_undo },
	{ "undo", prepare_settle },
	{ "", NULL },
};

/* Relaxed, pairs with stage_move(): the caller reads nothing else that the stage protects. */
static enum stage stage(void)
{
	return __atomic_load_n(&eng.stage, __ATOMIC_RELAXED);
}

bool txn_claim(void)
{
	bool idle;

	machine_lock();
	idle = eng.stage == TXN_IDLE && stage_move_locked(&eng.stage, TXN_CLAIMED);
	machine_unlock();
	return idle;
}

void txn_release(void)
{
	stage_move(&eng.stage, TXN_IDLE);
}

void txn_begin(struct held *h, enum stage to)
{
	eng.txn = (struct txn){
		.phase = to == PATCH_LIVE ? apply_program : revert_program,
		.held = h, .slot = h - eng.held, .to = to, .before = eng.view,
	};
	stage_move(&eng.stage, TXN_PREPARING);
}

struct refusal *refuse(enum refusal_code code)
{
	eng.txn.why = (struct refusal){ .code = code };
	return &eng.txn.why;
}

enum outcome refuse_what(enum refusal_code code, const char *what)
{
	refuse(code)->what = what;
	return UNIT_REFUSED;
}

enum outcome refuse_at(enum refusal_code code, uint64_t address)
{
	refuse(code)->address = address;
	return UNIT_REFUSED;
}

enum outcome refuse_site(enum refusal_code code, unsigned int site)
{
	const struct held *h = eng.txn.held;
	struct refusal *why = refuse(code);

	why->symbol = patch_site_name(&h->patch, site);
	why->address = h->sites[site].gva;
	return UNIT_REFUSED;
}

enum outcome refuse_bytes(const void *expected, const void *found, unsigned int n)
{
	struct refusal *why = &eng.txn.why;

	why->nbytes = n;
	memcpy(why->expected, expected, n);
	memcpy(why->found, found, n);
	return UNIT_REFUSED;
}

enum outcome refuse_stage(void)
{
	return refuse_what(REFUSE_STATE, "internal error: the patch is in the wrong stage");
}

/* Copies the symbol's name: the patch file may be freed before the refusal is read. */
static void keep_symbol(struct refusal *why)
{
	struct text t;

	if (!why->symbol)
		return;
	text_init(&t, eng.symbol, sizeof(eng.symbol));
	text_str(&t, why->symbol);
	why->symbol = eng.symbol;
}

/* Begins to undo. Returns false after the commit: that would be a bug, and the transaction stays. */
static bool start_undo(struct txn *t)
{
	if (!stage_move(&eng.stage, TXN_UNDOING))
		return false;
	keep_symbol(&t->why);
	t->phase = undo_program;
	t->i = t->of = 0;
	return true;
}

/* Drops a patch that could not go live, or makes it PATCH_REVERTED again if it was live before. */
static void return_patch(struct held *h)
{
	annex_give_back(h);
	if (!h->applied)
		held_drop(h);
	else if (h->stage != PATCH_REVERTED)
		stage_move(&h->stage, PATCH_REVERTED);
}

static enum engine_status finish_refused(struct txn *t, struct refusal *why)
{
	char line[256];
	struct text text;

	*why = t->why;
	text_init(&text, line, sizeof(line));
	refusal_text(why, &text);
	machine_lock();
	event_add("patch-refused id=%*p%s", 8, t->held->patch.header->id, line);
	machine_unlock();
	if (t->to == PATCH_LIVE)
		return_patch(t->held);
	txn_release();
	return ENGINE_REFUSED;
}

static enum engine_status finish_done(struct txn *t, struct engine_result *done)
{
	struct held *h = t->held;
	bool applied = t->to == PATCH_LIVE;

	h->applied += applied;
	h->reverted += !applied;
	*done = (struct engine_result){
		.name = h->patch.header->name,
		.sites = h->patch.nsites, .pages = h->pages,
		.cpus = machine_cpus(), .steps = t->steps, .pause = t->pause,
		.slide = h->slide, .annex = annex_text_gva(h),
	};
	memcpy(done->id, h->patch.header->id, sizeof(done->id));
	machine_lock();
	event_add("%s id=%*p sites=%u pause=%lu name=%s", applied ? "patch-live" : "patch-reverted",
		  8, done->id, done->sites, done->pause, done->name);
	machine_unlock();
	txn_release();
	return ENGINE_DONE;
}

/* Runs one unit. Returns true while the slice may go on. */
static bool run_unit(struct txn *t)
{
	switch (t->phase->unit(t)) {
	case UNIT_AGAIN:
		return true;
	case UNIT_NEXT:
		t->phase++;
		t->i = t->of = 0;
		return true;
	case UNIT_REFUSED:
		return start_undo(t);
	case UNIT_WAIT:
		break;
	}
	return false;
}

enum engine_status engine_poll(struct engine_result *done, struct refusal *why)
{
	uint64_t start = machine_tsc(), slice = machine_tsc_hz() / SLICES_PER_SEC;
	struct txn *t = &eng.txn;

	if (!engine_busy()) {
		*why = (struct refusal){ .code = REFUSE_STATE, .what = "nothing is under way" };
		return ENGINE_REFUSED;
	}
	for (bool first = true; first || machine_tsc() - start < slice; first = false) {
		if (!t->phase->unit)
			return stage() == TXN_UNDOING ? finish_refused(t, why) : finish_done(t, done);
		/* Begin the commit in an exit of its own: earlier work would lengthen the pause. */
		if (t->phase->unit == commit_now && !first)
			break;
		if (!run_unit(t))
			break;
	}
	return ENGINE_MORE;
}

bool engine_busy(void)
{
	return stage() == TXN_PREPARING || stage() == TXN_COMMITTED || stage() == TXN_UNDOING;
}

const char *engine_phase(unsigned int *done, unsigned int *of)
{
	const struct txn *t = &eng.txn;

	if (!engine_busy())
		return NULL;
	*done = t->i;
	*of = t->of;
	return t->phase->name;
}

bool engine_abort(struct refusal *why)
{
	struct txn *t = &eng.txn;

	if (stage() == TXN_PREPARING) {
		refuse(REFUSE_ABORTED);
		start_undo(t);
	}
	*why = t->why;
	if (stage() == TXN_UNDOING)
		return true;
	*why = (struct refusal){ .code = REFUSE_STATE, .what = stage() == TXN_COMMITTED ?
				 "past its commit" : "nothing is under way" };
	return false;
}
