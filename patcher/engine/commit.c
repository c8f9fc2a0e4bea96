/* SPDX-License-Identifier: GPL-2.0-only */
/* Commits a transaction: all CPUs take the next edition at one moment. */
#include "patcher/engine/commit.h"
#include "patcher/engine/rebase.h"
#include "patcher/engine/site.h"
#include "patcher/engine/state.h"

#define STOP_TRIES	8u	/* polls that wait for a late CPU */
#define POKE_TRIES	1000u	/* polls that wait for a guest which is changing a window */

/* Steps one CPU out of the windows; false with txn.why filled if it stays inside. All stopped. */
static bool cpu_is_outside(struct txn *t, unsigned int cpu)
{
	const struct held *h = t->held;
	const struct held_site *w;
	uint64_t rip;

	/* A CPU that waits for SIPI has no RIP; it takes the new view at SIPI. */
	for (unsigned int n = 0; machine_cpu_rip(cpu, &rip); n++) {
		w = site_interior(h, rip);
		if (!w)
			return true;
		if (n == ENGINE_STEP_LIMIT || !machine_cpu_step(cpu)) {
			refuse_site(REFUSE_STRAGGLER, w - h->sites);
			t->why.cpu = machine_cpu_apic_id(cpu);
			t->why.rip = rip;
			return false;
		}
		t->steps++;
	}
	return true;
}

/* All stopped. False with txn.why filled if a CPU stays inside a window. */
static bool cpus_are_outside(struct txn *t)
{
	for (unsigned int cpu = 0; cpu < machine_cpus(); cpu++)
		if (!cpu_is_outside(t, cpu))
			return false;
	return true;
}

/* Windows have wrong bytes: the guest may be changing them, and be done at a later poll. */
static enum outcome wait_for_bytes(struct txn *t)
{
	return ++t->tries < POKE_TRIES ? UNIT_WAIT : site_refuse_bad(t);
}

/* Makes the next edition the one that exits use. All stopped. */
static void publish(struct txn *t)
{
	machine_lock();
	eng.live = edition_next();
	view_take(t->after);
	annex_keep(t->held);
	stage_move_locked(&t->held->stage, t->to);
	stage_move_locked(&eng.stage, TXN_COMMITTED);
	machine_unlock();
}

enum outcome commit_now(struct txn *t)
{
	unsigned int late;
	bool bad;

	t->of = STOP_TRIES;
	if (!stage_may(t->held->stage, t->to))
		return refuse_stage();
	/* Relaxed, pairs with window_written(): a hint; read again when all CPUs have stopped. */
	if (__atomic_load_n(&t->nbad, __ATOMIC_RELAXED))
		return wait_for_bytes(t);
	if (machine_stop(&late)) {
		if (++t->i < t->of)
			return UNIT_WAIT;
		refuse(REFUSE_LATE_CPU)->cpu = machine_cpu_apic_id(late);
		return UNIT_REFUSED;
	}
	/* Read while all CPUs are stopped: the guest can change it as soon as they run again. */
	bad = t->nbad;
	if (bad || !cpus_are_outside(t)) {
		machine_resume();
		return bad ? wait_for_bytes(t) : UNIT_REFUSED;
	}
	publish(t);
	machine_switch(t->after);
	t->pause = machine_resume();
	return UNIT_NEXT;
}
