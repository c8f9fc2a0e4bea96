/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes all CPUs take a view, stop, switch to another view, and run again. */
#include "vmm/smp/rendezvous.h"
#include "vmm/smp/kick.h"
#include "patcher/engine/cpus.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"

/*
 * Code that runs with interrupts off calls all functions of a patch in the same edition, as under
 * stop_machine(): a CPU inside such a section is stopped when it takes interrupts again. A CPU
 * that does not take them within 200 us, or 20,000 ticks on a slow machine, is stopped where it is.
 */
#define PATIENCE_US	200u
#define PATIENCE_TICKS	20000u
#define STOP_MS		50u	/* a CPU leaves the guest within microseconds; this is for a lost NMI */
#define ACK_MS		1000u

static view_t current_view;
static uint64_t current_generation;
static bool stop_wanted, stop_hard;
static const struct cpu *initiator;	/* the CPU that stops the others, or NULL */
static uint64_t stop_first, stop_last;

/* Pairs with set_view(): the view that belongs to this number, or a newer one, can be read. */
static uint64_t generation(void)
{
	return __atomic_load_n(&current_generation, __ATOMIC_ACQUIRE);
}

/* Pairs with want_stop(): a CPU that goes on after a stop finds the view of machine_switch(). */
static bool stopping(void)
{
	return __atomic_load_n(&stop_wanted, __ATOMIC_ACQUIRE);
}

static void want_stop(bool wanted)
{
	__atomic_store_n(&stop_wanted, wanted, __ATOMIC_RELEASE);
}

/*
 * A CPU that makes a request writes the request, then reads where the others are. A CPU that
 * enters the guest writes that it is there, then reads the requests. With this fence between the
 * two steps on both sides, at least one of them sees what the other wrote: the request is found,
 * or the CPU is kicked. Its two sides are ask_others() and rendezvous_requests().
 */
static void fence_request(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* After a request is written: kicks the CPUs that are in the guest and cannot know of it. */
static void ask_others(struct cpu *self)
{
	fence_request();
	kick_others(self);
}

view_t rendezvous_view(uint64_t *gen)
{
	*gen = generation();
	return __atomic_load_n(&current_view, __ATOMIC_RELAXED);
}

static void set_view(view_t view)
{
	__atomic_store_n(&current_view, view, __ATOMIC_RELAXED);
	/* pairs with generation() */
	__atomic_add_fetch(&current_generation, 1, __ATOMIC_RELEASE);
}

void rendezvous_init(view_t view)
{
	set_view(view);
}

void rendezvous_abandon(const struct cpu *c)
{
	if (initiator == c)
		want_stop(false);
}

void rendezvous_load_view(struct cpu *c)
{
	uint64_t gen;
	view_t view = rendezvous_view(&gen);

	vcpu_set_view(view);
	/* Memory of tables is used again: this CPU may have cached translations of an older view. */
	vcpu_flush_views();
	/* pairs with machine_spread_done(), after which the old view may be freed */
	__atomic_store_n(&c->generation, gen, __ATOMIC_RELEASE);
}

/* Executes one instruction of this CPU's guest. */
static void step_here(struct cpu *c)
{
	c->step_failed = !vcpu_step(c);
	c->stop_rip = vcpu_linear_rip();
}

/* Executes one instruction of the guest if the initiator asks for it; pairs with machine_cpu_step(). */
static void obey(struct cpu *c)
{
	if (!__atomic_load_n(&c->step_wanted, __ATOMIC_ACQUIRE))
		return;
	/* This CPU enters the guest for the instruction, so it does not count as stopped. */
	cpu_set_mode(c, CPU_ROOT);
	step_here(c);
	cpu_set_mode(c, CPU_STOPPED);
	__atomic_store_n(&c->step_wanted, false, __ATOMIC_RELEASE);
}

uint64_t rendezvous_patience(void)
{
	uint64_t t = ticks_us(PATIENCE_US);

	return t > PATIENCE_TICKS ? t : PATIENCE_TICKS;
}

/*
 * May this CPU run on until it takes interrupts again, though a rendezvous wants it to stop? Not if
 * this exit was its SIPI: the initiator may have counted it as stopped while it waited. Relaxed,
 * pairs with insist(), which kicks again the CPU that has read the old value.
 */
static bool excused(struct cpu *c)
{
	if (c->started || !vcpu_interrupts_off() ||
	    __atomic_load_n(&stop_hard, __ATOMIC_RELAXED))
		return false;
	c->window_wanted = true;
	return true;
}

static void wait_stopped(struct cpu *c)
{
	c->stop_tsc = rdtsc();
	c->stop_rip = vcpu_linear_rip();
	cpu_set_mode(c, CPU_STOPPED);
	while (stopping()) {
		obey(c);
		cpu_relax();
	}
	/* Load the new view before the mode changes: after that the old view may be freed. */
	if (c->generation != generation())
		rendezvous_load_view(c);
	c->resume_tsc = rdtsc();
	cpu_set_mode(c, CPU_ROOT);
}

void rendezvous_requests(struct cpu *c)
{
	bool stopped = false;	/* since its exit: an initiator may count on it */

	for (;;) {
		bool may_run = c->step.active;

		/* This CPU executes no guest code. While it is in root mode, a SIPI for it is lost. */
		if (c->wait_sipi) {
			cpu_set_mode(c, CPU_WAIT_SIPI);
			return;
		}
		if (!may_run && stopping()) {
			may_run = !stopped && excused(c);
			if (!may_run) {
				wait_stopped(c);
				stopped = true;
				continue;	/* a step during the stop may have met INIT */
			}
		}
		if (!c->step.active && c->generation != generation())
			rendezvous_load_view(c);
		cpu_set_mode(c, CPU_GUEST);
		fence_request();
		if (may_run || (!stopping() && c->generation == generation()))
			return;
		cpu_set_mode(c, CPU_ROOT);
	}
}

/* ---- what the engine asks for ---- */

void machine_spread(view_t view)
{
	struct cpu *self = this_cpu();

	set_view(view);
	ask_others(self);
}

bool machine_spread_done(void)
{
	bool done = true;

	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);
		enum cpu_mode mode = cpu_mode(c);

		if (mode == CPU_OFF || mode == CPU_PARKED || mode == CPU_WAIT_SIPI)
			continue;
		/* pairs with rendezvous_load_view() */
		if (__atomic_load_n(&c->generation, __ATOMIC_ACQUIRE) == generation())
			continue;
		done = false;
		if (c != this_cpu() && mode == CPU_GUEST)
			cpu_kick(c);
	}
	return done;
}

static bool is_stopped(const struct cpu *c)
{
	enum cpu_mode mode = cpu_mode(c);

	return mode == CPU_STOPPED || mode == CPU_WAIT_SIPI || mode == CPU_PARKED || mode == CPU_OFF;
}

/* Asks the other CPUs to stop. The guest of this CPU has stood still since its exit. */
static void begin_stop(struct cpu *self)
{
	stop_first = self->exit_tsc;
	self->stop_rip = self->wait_sipi ? 0 : vcpu_linear_rip();
	/* Cleared before stop_wanted is set: other CPUs read it only while stop_wanted is set. */
	__atomic_store_n(&stop_hard, false, __ATOMIC_RELAXED);
	initiator = self;
	want_stop(true);
	ask_others(self);
}

/* Makes all CPUs stop at once, also with interrupts off, and kicks @c again. */
static void insist(struct cpu *c)
{
	/* Relaxed, pairs with excused(): the kick that follows makes @c read it. */
	__atomic_store_n(&stop_hard, true, __ATOMIC_RELAXED);
	/* Without time between the kicks a CPU in a data step would never execute its instruction. */
	if (cpu_mode(c) == CPU_GUEST &&
	    rdtsc() - __atomic_load_n(&c->kick_tsc, __ATOMIC_RELAXED) > ticks_us(50))
		cpu_kick(c);
}

/* Waits until @c has stopped. Returns false if it still runs STOP_MS after @start. */
static bool await_stop(struct cpu *c, uint64_t start)
{
	while (!is_stopped(c)) {
		uint64_t waited = rdtsc() - start;

		if (waited > ticks_ms(STOP_MS))
			return false;
		if (waited > rendezvous_patience())
			insist(c);
		cpu_relax();
	}
	if (cpu_mode(c) == CPU_STOPPED && c->stop_tsc < stop_first)
		stop_first = c->stop_tsc;
	return true;
}

int machine_stop(unsigned int *late)
{
	struct cpu *self = this_cpu();
	uint64_t start = rdtsc();

	begin_stop(self);
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		if (i != self->index && !await_stop(cpu_get(i), start)) {
			*late = i;
			machine_resume();
			return -1;
		}
	}
	return 0;
}

unsigned int machine_cpus(void)
{
	return boot_info.cpus;
}

bool machine_cpu_rip(unsigned int i, uint64_t *rip)
{
	struct cpu *c = cpu_get(i);

	enum cpu_mode mode = cpu_mode(c);

	*rip = c->stop_rip;
	return !c->wait_sipi && (mode == CPU_STOPPED || (c == this_cpu() && mode != CPU_PARKED));
}

uint32_t machine_cpu_apic_id(unsigned int i)
{
	return boot_info.apic_id[i];
}

bool machine_cpu_step(unsigned int i)
{
	struct cpu *c = cpu_get(i);
	uint64_t start = rdtsc();

	if (c == this_cpu()) {
		step_here(c);
		return !c->step_failed;
	}
	if (cpu_mode(c) != CPU_STOPPED)
		return false;
	/* pairs with obey(): it reads the request, and the loop waits for its answer */
	__atomic_store_n(&c->step_wanted, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&c->step_wanted, __ATOMIC_ACQUIRE)) {
		if (rdtsc() - start > ticks_ms(ACK_MS))
			return false;
		cpu_relax();
	}
	return !c->step_failed;
}

void machine_switch(view_t view)
{
	/* No CPU can enter the guest before it has loaded the view: see wait_stopped(). */
	set_view(view);
	rendezvous_load_view(this_cpu());
}

uint64_t machine_resume(void)
{
	struct cpu *self = this_cpu();

	initiator = NULL;
	want_stop(false);
	stop_last = rdtsc();
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);
		uint64_t start = rdtsc();

		if (c == self)
			continue;
		while (cpu_mode(c) == CPU_STOPPED && rdtsc() - start < ticks_ms(ACK_MS))
			cpu_relax();
		if (c->resume_tsc > stop_last)
			stop_last = c->resume_tsc;
	}
	return stop_last - stop_first;
}
