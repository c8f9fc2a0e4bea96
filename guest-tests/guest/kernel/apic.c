/* SPDX-License-Identifier: GPL-2.0-only */
/* Local APIC (xAPIC, or x2APIC by the option "x2apic"), I/O APIC, time. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/x86.h"

#define LAPIC_PHYS	0xfee00000ull
#define IOAPIC_PHYS	0xfec00000ull
#define COM1_GSI	4u
#define PIT_HZ		1193182u
#define CALIBRATE_HZ	100u

#define APIC_ID		0x20u
#define APIC_TPR	0x80u
#define APIC_EOI	0xb0u
#define APIC_SVR	0xf0u
#define APIC_ICR	0x300u
#define APIC_ICR_HIGH	0x310u
#define APIC_LVT_TIMER	0x320u
#define APIC_LVT_LINT0	0x350u
#define APIC_LVT_LINT1	0x360u
#define APIC_LVT_ERROR	0x370u
#define APIC_TIMER_INIT	0x380u
#define APIC_TIMER_NOW	0x390u
#define APIC_TIMER_DIV	0x3e0u

#define LVT_MASKED	(1u << 16)
#define LVT_PERIODIC	(1u << 17)
#define ICR_BUSY	(1u << 12)

uint64_t tsc_hz;
static uint32_t timer_count;
static bool x2apic;

static uint32_t apic_read(uint32_t reg)
{
	if (x2apic)
		return (uint32_t)rdmsr(0x800 + (reg >> 4));
	return *(volatile uint32_t *)(DIRECT_MAP + LAPIC_PHYS + reg);
}

static void apic_write(uint32_t reg, uint32_t v)
{
	if (x2apic)
		wrmsr(0x800 + (reg >> 4), v);
	else
		*(volatile uint32_t *)(DIRECT_MAP + LAPIC_PHYS + reg) = v;
}

static void ioapic_write(uint32_t reg, uint32_t v)
{
	*(volatile uint32_t *)(DIRECT_MAP + IOAPIC_PHYS) = reg;
	*(volatile uint32_t *)(DIRECT_MAP + IOAPIC_PHYS + 0x10) = v;
}

uint32_t apic_id(void)
{
	return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

bool apic_is_x2(void)
{
	return x2apic;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_send(uint32_t id, uint32_t command)
{
	uint64_t flags = irq_save();
	unsigned int i;

	if (x2apic) {
		wrmsr(0x800 + (APIC_ICR >> 4), (uint64_t)id << 32 | command);
	} else {
		apic_write(APIC_ICR_HIGH, id << 24);
		apic_write(APIC_ICR, command);
		for (i = 0; i < 100000 && (apic_read(APIC_ICR) & ICR_BUSY); i++)
			pause();
	}
	irq_restore(flags);
}

/* Channel 2 of the PIT as a stop watch of 1/CALIBRATE_HZ s; SDM has no say in its rate. */
static void pit_wait(void)
{
	uint32_t count = PIT_HZ / CALIBRATE_HZ, i;

	outb(0x61, (inb(0x61) & 0xfc) | 1);
	outb(0x43, 0xb0);
	outb(0x42, count & 0xff);
	outb(0x42, count >> 8);
	for (i = 0; i < 100000000 && !(inb(0x61) & 0x20); i++)
		;
}

static void calibrate(void)
{
	uint64_t tsc;

	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_LVT_TIMER, LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0xffffffff);
	tsc = rdtsc();
	pit_wait();
	tsc_hz = (rdtsc() - tsc) * CALIBRATE_HZ;
	timer_count = (uint32_t)((0xffffffffu - apic_read(APIC_TIMER_NOW)) *
				 (uint64_t)CALIBRATE_HZ / TICK_HZ);
	apic_write(APIC_TIMER_INIT, 0);
}

static bool option_set(const char *name)
{
	size_t n = strlen(name);
	const char *s = boot_data.options;

	for (; *s; s++)
		if (!memcmp(s, name, n))
			return true;
	return false;
}

void apic_init_machine(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	x2apic = option_set("x2apic") && (cpuid(1, 0).c & (1u << 21));
	apic_init();
	calibrate();
	ioapic_write(0x10 + 2 * COM1_GSI + 1, boot_data.apic_id[0] << 24);
	ioapic_write(0x10 + 2 * COM1_GSI, VEC_COM1);
}

void apic_timer(bool on)
{
	apic_write(APIC_LVT_TIMER, VEC_TIMER | LVT_PERIODIC | (on ? 0 : LVT_MASKED));
	apic_write(APIC_TIMER_DIV, 0xb);
	apic_write(APIC_TIMER_INIT, timer_count);
}

void apic_init(void)
{
	if (x2apic)
		wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_SVR, 0x100 | VEC_SPURIOUS);
	if (timer_count)
		apic_timer(true);
}

void delay_us(uint64_t us)
{
	uint64_t start = rdtsc(), ticks = tsc_hz / 1000000 * us;

	while (rdtsc() - start < ticks)
		pause();
}
