/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commit. All is prepared; while the CPUs stand still nothing is done that
 * grows with the number of sites, but for the binary search of their RIPs.
 */
#include "patcher/engine/internal.h"

/* Steps one CPU out of the windows; false with txn.why filled if it stays inside. All stopped. */
static bool cpu_is_outside(struct txn *t, unsigned int cpu)
{
	const struct held *h = t->held;
	const struct window *w;
	uint64_t rip;

	/* A CPU that waits for SIPI has no RIP; it takes the new view at SIPI. */
	for (unsigned int n = 0; machine_cpu_rip(cpu, &rip); n++) {
		w = site_interior(h, rip);
		if (!w)
			return true;
		if (n == ENGINE_STEP_LIMIT || !machine_cpu_step(cpu)) {
			refuse_site(REFUSE_STRAGGLER, w - h->windows);
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

/* Windows with wrong bytes: what the guest is about may be over at a later poll. */
static enum step wait_for_bytes(struct txn *t)
{
	return ++t->tries < ENGINE_POKE_TRIES ? STEP_WAIT : site_refuse_bad(t);
}

/* From here on exits find the next edition. All stopped. */
static void publish(struct txn *t)
{
	machine_lock();
	eng.live = edition_next();
	eng.view = t->after;
	t->committed = true;
	machine_unlock();
}

/* Phase: the commit. A CPU that does not come in time is forgiven at a few polls. */
enum step commit_now(struct txn *t)
{
	unsigned int late;
	bool bad;

	t->of = ENGINE_STOP_TRIES;
	if (__atomic_load_n(&t->nbad, __ATOMIC_RELAXED))
		return wait_for_bytes(t);
	if (machine_stop(&late)) {
		if (++t->i < t->of)
			return STEP_WAIT;
		refuse(REFUSE_LATE_CPU)->cpu = machine_cpu_apic_id(late);
		return STEP_REFUSED;
	}
	/* While all stand still: once they run they change it. */
	bad = t->nbad;
	if (bad || !cpus_are_outside(t)) {
		machine_resume();
		return bad ? wait_for_bytes(t) : STEP_REFUSED;
	}
	publish(t);
	machine_switch(t->after);
	t->pause = machine_resume();
	return STEP_NEXT;
}
