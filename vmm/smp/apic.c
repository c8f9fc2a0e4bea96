/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC in both its modes, xAPIC and x2APIC. */
#include "vmm/smp/apic.h"
#include "vmm/mem/map.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"

static volatile uint32_t *xapic(uint64_t base)
{
	return map_page(MAP_APIC, base & APIC_BASE_ADDR);
}

static uint32_t apic_read(uint64_t base, uint32_t reg)
{
	if (base & APIC_BASE_X2APIC)
		return (uint32_t)rdmsr(0x800 + reg / 16);
	return xapic(base)[reg / 4];
}

static void apic_write(uint64_t base, uint32_t reg, uint32_t v)
{
	if (base & APIC_BASE_X2APIC)
		wrmsr(0x800 + reg / 16, v);
	else
		xapic(base)[reg / 4] = v;
}

/* Waits until the APIC has sent its last command; gives up after a bound. */
static void wait_sent(volatile uint32_t *apic)
{
	for (int i = 0; i < 100000 && (apic[APIC_ICR / 4] & ICR_PENDING); i++)
		cpu_relax();
}

/*
 * The CPU that takes an IPI must find what was written for it. A WRMSR to the ICR does not wait
 * until earlier stores are visible (SDM 3A "MSR Access in x2APIC Mode" has these two instructions).
 * Nor may the compiler move the stores behind the one to the page of the xAPIC.
 */
static void fence_before_ipi(void)
{
	__asm__ volatile("mfence\n\tlfence" : : : "memory");
}

/* Sends @command to one CPU, in either mode of the APIC; the guest's destination is kept. */
static bool send(uint32_t apic_id, uint32_t command)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	volatile uint32_t *apic;
	uint32_t high;

	if (!(base & APIC_BASE_ENABLE))
		return false;
	fence_before_ipi();
	if (base & APIC_BASE_X2APIC) {
		wrmsr(MSR_X2APIC_ICR, (uint64_t)apic_id << 32 | command);
		return true;
	}
	apic = xapic(base);
	/* the guest may be between its writes of the high and the low half */
	high = apic[APIC_ICR_HIGH / 4];
	wait_sent(apic);
	apic[APIC_ICR_HIGH / 4] = apic_id << 24;
	apic[APIC_ICR / 4] = command;
	wait_sent(apic);
	apic[APIC_ICR_HIGH / 4] = high;
	return true;
}

bool apic_send_nmi(uint32_t apic_id)
{
	return send(apic_id, ICR_NMI);
}

bool apic_send_nmi_to_others(void)
{
	return send(0, ICR_NMI | ICR_OTHERS);
}

bool apic_pmi_unhandled(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	uint32_t lvt;

	if (!(base & APIC_BASE_ENABLE))
		return false;
	lvt = apic_read(base, APIC_LVT_PERFORMANCE);
	return (lvt & ICR_MODE) == (ICR_NMI & ICR_MODE) && (lvt & LVT_MASKED) &&
	       vcpu_counter_overflowed();
}

/* Interrupts in service, highest first, are ended: at most one EOI for each vector. */
static void end_all(uint64_t base)
{
	for (unsigned int n = 0; n < 256; n++) {
		uint32_t any = 0;

		for (uint32_t i = 0; i < 8; i++)
			any |= apic_read(base, APIC_ISR + i * 16);
		if (!any)
			break;
		apic_write(base, APIC_EOI, 0);
	}
}

void apic_reset(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	uint32_t lvts;

	if (!(base & APIC_BASE_ENABLE))
		return;
	apic_write(base, APIC_TIMER_INIT, 0);
	end_all(base);
	lvts = (apic_read(base, APIC_VERSION) >> 16 & 0xff) + 1;
	/* timer, LINT0, LINT1, error, performance, thermal: in the order of their number of LVTs */
	static const uint16_t lvt[] = { 0x320, 0x350, 0x360, 0x370, 0x340, 0x330 };
	for (uint32_t i = 0; i < sizeof(lvt) / sizeof(lvt[0]) && i < lvts; i++)
		apic_write(base, lvt[i], LVT_MASKED);
	apic_write(base, APIC_TIMER_DIV, 0);
	apic_write(base, APIC_TPR, 0);
	if (!(base & APIC_BASE_X2APIC)) {
		apic_write(base, APIC_LDR, 0);
		apic_write(base, APIC_DFR, 0xffffffff);
	}
	apic_write(base, APIC_SVR, 0xff);
}
