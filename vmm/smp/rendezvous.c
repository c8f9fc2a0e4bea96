/* SPDX-License-Identifier: GPL-2.0-only */
/* All CPUs at once: kicks, the current view, stopping, switching and letting go. */
#include "vmm/smp/rendezvous.h"
#include "vmm/smp/apic.h"
#include "patcher/engine/cpus.h"
#include "vmm/vmx/ept.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/run.h"
#include "vmm/x86.h"

/*
 * Functions patched together are seen together by code that runs with interrupts
 * off, as under stop_machine(): its CPU is stopped when it takes interrupts again.
 * Within limits: 200 us, and on a slow machine 20,000 ticks.
 */
#define PATIENCE_US	200u
#define PATIENCE_TICKS	20000u
#define STOP_MS		50u	/* a CPU leaves the guest within microseconds; this is for a lost NMI */
#define RESEND_MS	25u
#define ACK_MS		1000u

static view_t current_view;
static uint64_t current_generation;
static bool stop_wanted, stop_hard;
static const struct cpu *initiator;	/* of the stop under way */
static uint64_t stop_first, stop_last;

static uint64_t generation(void)
{
	return __atomic_load_n(&current_generation, __ATOMIC_SEQ_CST);
}

static bool stopping(void)
{
	return __atomic_load_n(&stop_wanted, __ATOMIC_SEQ_CST);
}

view_t rendezvous_view(uint64_t *gen)
{
	*gen = generation();
	return __atomic_load_n(&current_view, __ATOMIC_SEQ_CST);
}

void rendezvous_init(view_t view)
{
	current_view = view;
	current_generation = 1;
}

static void set_view(view_t view)
{
	__atomic_store_n(&current_view, view, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&current_generation, 1, __ATOMIC_SEQ_CST);
}

/*
 * Notes a kick; false if one is on its way, or somebody else sends one just now. One
 * at a time: a second NMI for the same request would look like the guest's own. Unless
 * the first got lost (INIT drops a pending NMI); what makes it merely late, such as a
 * hypervisor below, must not. The time may come from a CPU whose TSC is ahead.
 */
static bool note_kick(struct cpu *t, uint64_t now)
{
	uint64_t was = __atomic_load_n(&t->kick_tsc, __ATOMIC_SEQ_CST);
	uint32_t seen = __atomic_load_n(&t->kick_seen, __ATOMIC_SEQ_CST);
	uint32_t sent = __atomic_load_n(&t->kick_sent, __ATOMIC_SEQ_CST);
	int64_t age = (int64_t)(now - was);

	if (sent != seen && age > -(int64_t)ticks_ms(ACK_MS) && age < (int64_t)ticks_ms(RESEND_MS))
		return false;
	if (!__atomic_compare_exchange_n(&t->kick_tsc, &was, now, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return false;
	return __atomic_compare_exchange_n(&t->kick_sent, &sent, seen + 1, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* The NMI of a kick that is noted; takes it back if this CPU's APIC is off. */
static void send_kick(struct cpu *t)
{
	if (!apic_send_nmi(t->apic_id))
		__atomic_sub_fetch(&t->kick_sent, 1, __ATOMIC_SEQ_CST);
}

void cpu_kick(struct cpu *t)
{
	if (note_kick(t, rdtsc()))
		send_kick(t);
}

/* Is every other CPU one that takes an NMI, and none has one coming from us? */
static bool can_kick_all(const struct cpu *self)
{
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		const struct cpu *c = cpu_get(i);
		enum cpu_mode mode = cpu_mode(c);

		if (c != self && ((mode != CPU_GUEST && mode != CPU_ROOT) ||
				  c->kick_seen != __atomic_load_n(&c->kick_sent, __ATOMIC_SEQ_CST)))
			return false;
	}
	return true;
}

/*
 * Kicks all other CPUs in the guest; by one command where that hits no CPU that waits
 * for SIPI, and none whose kick somebody else sends: each NMI must have its kick.
 */
static void kick_others(struct cpu *self)
{
	bool all = can_kick_all(self), noted[MAX_CPUS] = { false };
	uint64_t now = rdtsc();

	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);

		if (c == self || (!all && cpu_mode(c) != CPU_GUEST))
			continue;
		noted[i] = note_kick(c, now);
		all &= noted[i];
	}
	if (all && boot_info.cpus > 1 && apic_send_nmi_to_others())
		return;
	for (unsigned int i = 0; i < boot_info.cpus; i++)
		if (noted[i])
			send_kick(cpu_get(i));
}

void rendezvous_abandon(const struct cpu *c)
{
	if (initiator == c)
		__atomic_store_n(&stop_wanted, false, __ATOMIC_SEQ_CST);
}

void rendezvous_load_view(struct cpu *c)
{
	uint64_t gen;
	view_t view = rendezvous_view(&gen);

	vmwrite(EPT_POINTER, ept_pointer(view));
	/*
	 * Tables may be recycled, so translations tagged with this EPTP may be stale.
	 * INVEPT also serialises, as cross-modified code requires (SDM 3A "Handling
	 * Self- and Cross-Modifying Code"); VM entry would not.
	 */
	invept_all();
	__atomic_store_n(&c->generation, gen, __ATOMIC_SEQ_CST);
}

/* One instruction of the guest, if the initiator asks for it. */
static void obey(struct cpu *c)
{
	if (__atomic_load_n(&c->step_wanted, __ATOMIC_ACQUIRE)) {
		/* in the guest for a moment: not stopped */
		cpu_set_mode(c, CPU_ROOT);
		c->step_failed = !vcpu_step(c);
		c->stop_rip = vcpu_linear_rip();
		cpu_set_mode(c, CPU_STOPPED);
		__atomic_store_n(&c->step_wanted, false, __ATOMIC_RELEASE);
	}
}

uint64_t rendezvous_patience(void)
{
	uint64_t t = boot_info.tsc_hz / 1000000 * PATIENCE_US;

	return t > PATIENCE_TICKS ? t : PATIENCE_TICKS;
}

/*
 * May this CPU run on until it takes interrupts again, though a rendezvous wants it?
 * Not if it was counted as stopped already, waiting for the SIPI that came now.
 */
static bool excused(struct cpu *c)
{
	if ((uint16_t)c->exit_reason == EXIT_SIPI || !vcpu_interrupts_off() ||
	    __atomic_load_n(&stop_hard, __ATOMIC_SEQ_CST))
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
	/* before anyone is told that this CPU goes on: the old view may be freed then */
	if (c->generation != generation())
		rendezvous_load_view(c);
	c->resume_tsc = rdtsc();
	cpu_set_mode(c, CPU_ROOT);
}

void rendezvous_requests(struct cpu *c)
{
	for (;;) {
		bool may_run = c->step.active;

		/* it executes nothing, and every microsecond here is one in which its SIPI is lost */
		if (c->wait_sipi) {
			cpu_set_mode(c, CPU_WAIT_SIPI);
			return;
		}

		if (!c->step.active) {
			if (stopping()) {
				may_run = excused(c);
				if (!may_run)
					wait_stopped(c);
			}
			if (c->generation != generation())
				rendezvous_load_view(c);
		}
		/* pairs with machine_stop() and machine_spread(): they write the request, then read the mode */
		cpu_set_mode(c, CPU_GUEST);
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
	kick_others(self);
}

bool machine_spread_done(void)
{
	bool done = true;

	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);
		enum cpu_mode mode = cpu_mode(c);

		if (mode == CPU_OFF || mode == CPU_PARKED || mode == CPU_WAIT_SIPI)
			continue;
		if (__atomic_load_n(&c->generation, __ATOMIC_SEQ_CST) == generation())
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

int machine_stop(unsigned int *late)
{
	struct cpu *self = this_cpu();
	uint64_t start = rdtsc();

	/* this CPU's guest has stood still since its exit */
	stop_first = self->exit_tsc;
	self->stop_rip = self->wait_sipi ? 0 : vcpu_linear_rip();
	__atomic_store_n(&stop_hard, false, __ATOMIC_SEQ_CST);
	initiator = self;
	__atomic_store_n(&stop_wanted, true, __ATOMIC_SEQ_CST);
	kick_others(self);
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);

		while (c != self && !is_stopped(c)) {
			if (rdtsc() - start > ticks_ms(STOP_MS)) {
				*late = i;
				machine_resume();
				return -1;
			}
			if (rdtsc() - start > rendezvous_patience()) {
				__atomic_store_n(&stop_hard, true, __ATOMIC_SEQ_CST);
				/* not faster, or a CPU in a data step never gets to its instruction */
				if (cpu_mode(c) == CPU_GUEST &&
				    rdtsc() - c->kick_tsc > ticks_ms(1) / 20)
					cpu_kick(c);
			}
			cpu_relax();
		}
		if (c != self && cpu_mode(c) == CPU_STOPPED && c->stop_tsc < stop_first)
			stop_first = c->stop_tsc;
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

	*rip = c->stop_rip;
	return !c->wait_sipi &&
	       (cpu_mode(c) == CPU_STOPPED || (c == this_cpu() && cpu_mode(c) != CPU_PARKED));
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
		c->step_failed = !vcpu_step(c);
		c->stop_rip = vcpu_linear_rip();
		return !c->step_failed;
	}
	if (cpu_mode(c) != CPU_STOPPED)
		return false;
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
	/* the others load it when they are let go: none can enter the guest without */
	set_view(view);
	rendezvous_load_view(this_cpu());
}

uint64_t machine_resume(void)
{
	struct cpu *self = this_cpu();

	initiator = NULL;
	__atomic_store_n(&stop_wanted, false, __ATOMIC_SEQ_CST);
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
