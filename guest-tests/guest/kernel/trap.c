/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions, interrupts and NMIs of the test kernel. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/smp.h"
#include "guest-tests/guest/kernel/targets.h"
#include "guest-tests/guest/kernel/text.h"
#include "guest-tests/guest/kernel/x86.h"

enum { VEC_DB = 1, VEC_NMI = 2, VEC_BP = 3, VEC_PF = 14 };

static void dump(const struct frame *f)
{
	const struct cpu *c = this_cpu();

	print_anyhow("PANIC cpu=%u vector=%lu error=%lx rip=%016lx rsp=%016lx rflags=%lx cr2=%016lx\n",
		     c->index, f->vector, f->error, f->rip, f->rsp, f->rflags, read_cr2());
	print_anyhow("PANIC rax=%016lx rbx=%016lx rcx=%016lx rdx=%016lx\n", f->rax, f->rbx, f->rcx,
		     f->rdx);
	print_anyhow("PANIC rsi=%016lx rdi=%016lx slide=%lx\n", f->rsi, f->rdi, boot_data.slide);
}

/* Hands the fault to the caller of try_fault(): the CPU goes on behind try_call(). */
static bool recover(struct frame *f)
{
	struct recovery *r = this_cpu()->recovery;

	if (!r || r->taken)
		return false;
	r->taken = true;
	r->vector = (uint8_t)f->vector;
	r->error = f->error;
	r->cr2 = read_cr2();
	r->at = f->rip;
	r->rflags = f->rflags;
	f->rip = r->rip;
	f->rsp = r->rsp;
	f->cs = SEL_CODE;
	f->ss = SEL_DATA;
	f->rflags &= ~(uint64_t)(RFLAGS_TF | RFLAGS_IF);
	return true;
}

static struct frame *exception(struct frame *f)
{
	struct cpu *c = this_cpu();

	if (recover(f))
		return f;
	if (f->vector == VEC_BP && text_breakpoint(f)) {
		c->breakpoints++;
		return f;
	}
	dump(f);
	power_off();
	return f;
}

/*
 * A CPU that spins inside an entry goes on elsewhere, if another CPU asks for it. The address
 * inside is not a constant of the code: `subtext build` would refuse the entry for it.
 */
static void move(struct frame *f, volatile uint64_t *to)
{
	uint64_t entry = (uint64_t)straggle;

	__asm__("" : "+r"(entry));
	if (!*to || f->rip != entry + 1)
		return;
	f->rip = *to;
	*to = 0;
}

/*
 * Runs on a stack of its own and may not fault: an IRET would let the next NMI
 * onto the same stack. A hold ends by the clock.
 */
static struct frame *nmi(struct frame *f)
{
	struct cpu *c = this_cpu();

	c->nmis++;
	c->in_nmi = true;
	while (rdtsc() < c->nmi_hold)
		pause();
	c->nmi_hold = 0;
	c->in_nmi = false;
	move(f, &c->nmi_move_to);
	return f;
}

static struct frame *interrupt(struct frame *f)
{
	struct cpu *c = this_cpu();

	switch (f->vector) {
	case VEC_TIMER:
		c->ticks++;
		apic_eoi();
		return schedule(f);
	case VEC_YIELD:
		return schedule(f);
	case VEC_SPURIOUS:
		c->spurious++;
		return f;
	case VEC_COM1:
		console_interrupt();
		move(f, &c->ipi_move_to);
		break;
	case VEC_SYNC:
		serialize();
		c->sync_done++;
		break;
	case VEC_STOP:
		stopped_here();
		break;
	case VEC_MOVE:
		move(f, &c->ipi_move_to);
		break;
	default:
		c->ipi_rip = f->rip;
		c->ipis++;
	}
	apic_eoi();
	return f;
}

struct frame *trap_dispatch(struct frame *f)
{
	if (f->vector == VEC_NMI)
		return nmi(f);
	return f->vector < 32 ? exception(f) : interrupt(f);
}

int try_fault(void (*fn)(void *), void *arg, struct recovery *r)
{
	struct recovery own;
	uint64_t flags = irq_save();

	if (!r)
		r = &own;
	r->taken = false;
	this_cpu()->recovery = r;
	try_call(fn, arg, r);
	this_cpu()->recovery = NULL;
	irq_restore(flags);
	return r->taken ? r->vector : -1;
}
