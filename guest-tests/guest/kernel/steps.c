/* SPDX-License-Identifier: GPL-2.0-only */
/* Single steps (SDM 3A, "Single-Step Exception Condition") and interrupt shadows over exits. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/privileged.h"
#include "guest-tests/guest/kernel/x86.h"

#define DB		1
#define DR6_BS		(1u << 14)

#define LABELS(name) extern void name(void *); extern const char name##_after[];
LABELS(step_nop)
LABELS(step_cpuid)
LABELS(step_wbinvd)
LABELS(step_in)
LABELS(step_cr4)
LABELS(step_rdmsr)
LABELS(step_invd)
LABELS(step_ss_nop)
LABELS(step_ss_cpuid)
LABELS(shadow_nop)
LABELS(shadow_cpuid)
LABELS(shadow_wbinvd)

static void set_dr6(uint64_t v)
{
	__asm__ volatile("mov %0, %%dr6" : : "r"(v));
}

static uint64_t get_dr6(void)
{
	uint64_t v;

	__asm__ volatile("mov %%dr6, %0" : "=r"(v));
	return v;
}

static void step(void (*fn)(void *), const char *after, uint64_t rax, const char *text)
{
	struct recovery r = { 0 };
	const char *why = NULL;
	int got;

	set_dr6(0xffff0ff0);
	got = try_fault(fn, (void *)rax, &r);
	if (got != DB)
		why = "no #DB";
	else if (r.at != (uint64_t)after)
		why = "#DB at another instruction";
	else if (!(get_dr6() & DR6_BS))
		why = "DR6.BS is clear";
	tap(why, "single step over %s", text);
	set_dr6(0xffff0ff0);
}

static void shadow(void (*fn)(void *), const char *after, const char *text)
{
	struct cpu *c = this_cpu();
	uint64_t flags = irq_save(), before = c->ipis;
	const char *why = NULL;
	unsigned int i;

	apic_send(c->apic_id, ICR_FIXED | ICR_ASSERT | VEC_FLOOD);
	for (i = 0; i < 1000; i++)
		pause();
	fn(NULL);
	irq_restore(flags);
	if (c->ipis != before + 1)
		why = "the interrupt did not come";
	else if (c->ipi_rip != (uint64_t)after)
		why = "the interrupt came elsewhere";
	tap(why, "STI, then %s: the interrupt comes after it", text);
}

void privileged_steps(void)
{
	step(step_nop, step_nop_after, 0, "NOP");
	step(step_cpuid, step_cpuid_after, 0, "CPUID");
	step(step_wbinvd, step_wbinvd_after, 0, "WBINVD");
	step(step_invd, step_invd_after, 0, "INVD");
	step(step_in, step_in_after, 0, "IN from COM2");
	step(step_cr4, step_cr4_after, read_cr4(), "MOV to CR4");
	step(step_rdmsr, step_rdmsr_after, 0, "RDMSR");
	step(step_ss_nop, step_ss_nop_after, 0, "MOV SS, NOP");
	step(step_ss_cpuid, step_ss_cpuid_after, 0, "MOV SS, CPUID");
	apic_timer(false);
	shadow(shadow_nop, shadow_nop_after, "NOP");
	shadow(shadow_cpuid, shadow_cpuid_after, "CPUID");
	shadow(shadow_wbinvd, shadow_wbinvd_after, "WBINVD");
	apic_timer(true);
}
