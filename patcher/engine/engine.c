/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's verbs, and the transaction behind them: a program of phases, run
 * in slices. Whatever is refused before the commit runs the program that undoes it.
 */
#include "patcher/engine/internal.h"
#include "patcher/wire/mem.h"

#define SLICES_PER_SEC	10000u	/* a slice is 100 us of work */

struct engine eng;

static enum step phase_settle(struct txn *t);

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
	{ "clean", phase_settle },
	{ "", NULL },
};

static const struct phase revert_program[] = {
	{ "sites", site_withdraw },
	{ "prepare", prepare_exec },
	{ "commit", commit_now },
	{ "clean", phase_settle },
	{ "", NULL },
};

static const struct phase undo_program[] = {
	{ "undo", prepare_undo },
	{ "undo", phase_settle },
	{ "", NULL },
};

/* Starts to fill txn.why; the transaction is undone when the phase returns STEP_REFUSED. */
struct refusal *refuse(enum refusal_code code)
{
	eng.txn.why = (struct refusal){ .code = code };
	return &eng.txn.why;
}

enum step refuse_what(enum refusal_code code, const char *what)
{
	refuse(code)->what = what;
	return STEP_REFUSED;
}

enum step refuse_at(enum refusal_code code, uint64_t address)
{
	refuse(code)->address = address;
	return STEP_REFUSED;
}

enum step refuse_site(enum refusal_code code, unsigned int site)
{
	const struct held *h = eng.txn.held;
	struct refusal *why = refuse(code);

	why->symbol = patch_site_name(&h->patch, site);
	why->address = h->windows[site].gva;
	return STEP_REFUSED;
}

/* The bytes that belong to the refusal begun just now. */
enum step refuse_bytes(const void *expected, const void *found, unsigned int n)
{
	struct refusal *why = &eng.txn.why;

	why->nbytes = n;
	memcpy(why->expected, expected, n);
	memcpy(why->found, found, n);
	return STEP_REFUSED;
}

void engine_init(void)
{
	uint64_t pieces = pool_alloc(ENGINE_MAX_PIECES * sizeof(struct piece) / PAGE_SIZE);
	uint64_t guards = pool_alloc(ENGINE_MAX_PAGES * sizeof(struct guard) / PAGE_SIZE);

	memset(&eng, 0, sizeof(eng));
	eng.base = eng.view = machine_base_view();
	/* Without the tables every apply is refused for want of memory. */
	eng.pieces = pieces ? pool_va(pieces) : NULL;
	eng.guards = guards ? pool_va(guards) : NULL;
}

view_t engine_view(void)
{
	return __atomic_load_n(&eng.view, __ATOMIC_ACQUIRE);
}

/* The view from before a rebase, which we own, may go when every CPU has left it. */
static bool drop_retired(void)
{
	if (!eng.retired)
		return true;
	if (!machine_spread_done())
		return false;
	view_put(eng.retired);
	eng.retired = 0;
	return true;
}

/* One at a time: a transaction or a rebase. */
static bool claim(void)
{
	return !__atomic_exchange_n(&eng.busy, true, __ATOMIC_ACQUIRE);
}

static void release(void)
{
	__atomic_store_n(&eng.busy, false, __ATOMIC_RELEASE);
}

static void begin(struct held *h, const struct phase *program, bool fresh)
{
	eng.txn = (struct txn){
		.phase = program, .held = h, .slot = h - eng.held, .fresh = fresh,
		.before = eng.view,
	};
}

/* May a transaction begin now? Then it has the claim. */
static bool may_begin(struct refusal *why)
{
	*why = (struct refusal){ .code = eng.pieces && eng.guards ? REFUSE_BUSY : REFUSE_MEMORY };
	if (why->code == REFUSE_MEMORY || !claim())
		return false;
	if (drop_retired())
		return true;
	release();
	return false;
}

enum engine_status engine_apply(const void *file, size_t len, struct refusal *why)
{
	struct held *h;

	if (!may_begin(why))
		return ENGINE_REFUSED;
	h = held_take(file, len, why);
	if (!h) {
		release();
		return ENGINE_REFUSED;
	}
	begin(h, apply_program, h->state == PATCH_RECEIVED);
	return ENGINE_MORE;
}

/* Starts @program for the held patch @id if it is in state @state. */
static enum engine_status begin_held(const uint8_t id[8], enum patch_state state,
				     const struct phase *program, struct refusal *why)
{
	struct held *h;

	if (!may_begin(why))
		return ENGINE_REFUSED;
	h = held_find(id);
	if (!h || h->state != state) {
		release();
		*why = (struct refusal){ .code = REFUSE_STATE, .what = !h ? "unknown id" :
			state == PATCH_LIVE ? "not live" : "already live" };
		return ENGINE_REFUSED;
	}
	begin(h, program, false);
	return ENGINE_MORE;
}

enum engine_status engine_apply_held(const uint8_t id[8], struct refusal *why)
{
	return begin_held(id, PATCH_REVERTED, apply_program, why);
}

enum engine_status engine_revert(const uint8_t id[8], struct refusal *why)
{
	return begin_held(id, PATCH_LIVE, revert_program, why);
}

/* The symbol of a refusal must outlive the file it points into. */
static void keep_symbol(struct refusal *why)
{
	struct text t;

	if (!why->symbol)
		return;
	text_init(&t, eng.symbol, sizeof(eng.symbol));
	text_str(&t, why->symbol);
	why->symbol = eng.symbol;
}

static void start_undo(struct txn *t)
{
	keep_symbol(&t->why);
	t->undoing = true;
	t->phase = undo_program;
	t->i = t->of = 0;
}

/* Last phase of every program: tables and views of the edition that is not in force go. */
static enum step phase_settle(struct txn *t)
{
	enum step step = guard_settle(t);

	if (step != STEP_NEXT)
		return step;
	prepare_drop(t->guarded);
	prepare_drop(t->committed ? t->before : t->after);
	return STEP_NEXT;
}

static enum engine_status finish_refused(struct txn *t, struct refusal *why)
{
	*why = t->why;
	event_refused(t->held, why);
	if (t->placing)
		t->held->placed = false;
	if (t->fresh)
		held_drop(t->held);
	t->phase = NULL;
	release();
	return ENGINE_REFUSED;
}

static enum engine_status finish_done(struct txn *t, struct engine_result *done)
{
	struct held *h = t->held;
	bool applied = h->state != PATCH_LIVE;

	h->state = applied ? PATCH_LIVE : PATCH_REVERTED;
	/* what went while an apply was under way is still to be left */
	h->leaving &= applied;
	h->applied += applied;
	h->reverted += !applied;
	*done = (struct engine_result){
		.name = h->patch.header->name,
		.sites = h->patch.nsites, .pages = h->pages,
		.cpus = machine_cpus(), .steps = t->steps, .pause = t->pause,
		.slide = h->slide,
		.annex = h->placed ? annex_text_gva(h) : 0,
	};
	memcpy(done->id, h->patch.header->id, sizeof(done->id));
	event_patch(applied ? "patch-live" : "patch-reverted", h, t);
	t->phase = NULL;
	release();
	return ENGINE_DONE;
}

/* One unit; true while the slice may go on. */
static bool run_unit(struct txn *t)
{
	switch (t->phase->unit(t)) {
	case STEP_AGAIN:
		return true;
	case STEP_NEXT:
		t->phase++;
		t->i = t->of = 0;
		return true;
	case STEP_REFUSED:
		start_undo(t);
		return true;
	case STEP_WAIT:
		break;
	}
	return false;
}

enum engine_status engine_poll(struct engine_result *done, struct refusal *why)
{
	uint64_t start = machine_tsc(), slice = machine_tsc_hz() / SLICES_PER_SEC;
	struct txn *t = &eng.txn;

	if (!t->phase) {
		*why = (struct refusal){ .code = REFUSE_STATE, .what = "nothing is under way" };
		return ENGINE_REFUSED;
	}
	for (bool first = true; first || machine_tsc() - start < slice; first = false) {
		if (!t->phase->unit)
			return t->undoing ? finish_refused(t, why) : finish_done(t, done);
		/* This CPU's guest stands still since its exit: nothing else shall add to the pause. */
		if (t->phase->unit == commit_now && !first)
			break;
		if (!run_unit(t))
			break;
	}
	return ENGINE_MORE;
}

bool engine_busy(void)
{
	return eng.txn.phase;
}

const char *engine_phase(unsigned int *done, unsigned int *of)
{
	const struct txn *t = &eng.txn;

	if (!t->phase)
		return NULL;
	*done = t->i;
	*of = t->of;
	return t->phase->name;
}

bool engine_abort(struct refusal *why)
{
	struct txn *t = &eng.txn;

	*why = (struct refusal){ .code = REFUSE_STATE, .what = "nothing is under way" };
	if (t->phase && t->committed)
		why->what = "past its commit";
	if (!t->phase || t->committed)
		return false;
	if (!t->undoing) {
		refuse(REFUSE_ABORTED);
		start_undo(t);
	}
	*why = t->why;
	return true;
}

/* The @i-th held patch, counted over the slots in use. */
static struct held *nth_held(unsigned int i)
{
	for (unsigned int slot = 0; slot < ENGINE_MAX_PATCHES; slot++)
		if (eng.held[slot].state != PATCH_FREE && !i--)
			return &eng.held[slot];
	return NULL;
}

bool engine_info(unsigned int i, struct patch_info *out)
{
	const struct held *h = nth_held(i);

	if (!h)
		return false;
	*out = (struct patch_info){
		.name = h->patch.header->name, .state = h->state,
		.sites = h->patch.nsites, .pages = h->pages,
		.annex = h->placed ? annex_text_gva(h) : 0,
		.text_size = h->patch.header->text.size, .data_size = h->patch.header->data_mem,
		.applied = h->applied, .reverted = h->reverted,
	};
	memcpy(out->id, h->patch.header->id, sizeof(out->id));
	return true;
}

bool engine_site(const uint8_t id[8], unsigned int i, uint64_t *gva, const char **name)
{
	const struct held *h = held_find(id);

	if (!h || i >= h->patch.nsites)
		return false;
	*gva = h->windows[i].gva;
	*name = patch_site_name(&h->patch, i);
	return true;
}

const char *patch_state_name(enum patch_state s)
{
	static const char *const names[] = {
		[PATCH_FREE] = "free", [PATCH_RECEIVED] = "received",
		[PATCH_VERIFIED] = "verified", [PATCH_PREPARED] = "prepared",
		[PATCH_LIVE] = "live", [PATCH_REVERTED] = "reverted",
	};

	return s < sizeof(names) / sizeof(names[0]) ? names[s] : "unknown";
}

/* Everything that is in force, on top of a fork of @base. 0 if the pool is empty. */
static view_t rebuild(view_t base)
{
	view_t view = view_fork(base);
	int error = view ? 0 : -1;

	for (const struct guard *g = eng.guards; !error && g < eng.guards + eng.nguards; g++)
		error = view_set(view, g->gpa, g->exec[eng.live] == g->gpa ? PAGE_WATCHED : PAGE_PATCHED,
				 g->exec[eng.live]);
	for (unsigned int i = 0; !error && i < machine_annex_size() >> PAGE_SHIFT; i++)
		error = annex_view(view, eng.live, i);
	if (!error)
		return view;
	view_put(view);
	return 0;
}

/* Does the work of engine_rebase() under the claim. */
static int rebase(view_t base)
{
	view_t view = base;

	if (!drop_retired())
		return -1;
	if (eng.view != eng.base) {
		view = rebuild(base);
		if (!view)
			return -1;
	} else {
		/* CPUs run on the machine's old base: it must live as long as they do. */
		view_get(eng.view);
	}
	eng.retired = eng.view;
	machine_lock();
	eng.base = base;
	eng.view = view;
	machine_unlock();
	machine_spread(view);
	return 0;
}

int engine_rebase(view_t base)
{
	int ret;

	if (!claim())
		return -1;
	ret = rebase(base);
	release();
	return ret;
}

void engine_stats(struct engine_stats *out)
{
	machine_lock();
	*out = (struct engine_stats){
		.merges = eng.merges, .merged_words = eng.merged_words,
		.window_writes = eng.window_writes,
		.guarded_pages = eng.nguards,
		.annex_used = (size_t)(eng.annex.text[eng.live] + eng.annex.data[eng.live]) <<
			      PAGE_SHIFT,
	};
	for (unsigned int i = 0; i < ENGINE_MAX_PATCHES; i++)
		if (eng.held[i].state == PATCH_LIVE)
			out->live_sites += eng.held[i].patch.nsites;
	machine_unlock();
}
