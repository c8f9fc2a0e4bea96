/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting and stopping CPUs, real mode, power. */
#include "guest-tests/guest/kernel/smp.h"
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/boot.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/targets.h"
#include "guest-tests/guest/kernel/x86.h"

#define EFER_LONG	0xd01u		/* SCE, LME, NXE; LMA is ignored */
#define CR4_PAE_PGE	0xa0u
/*
 * Linux waits 300 us. Bochs keeps an INIT that comes while a CPU waits for SIPI and takes it right
 * after the SIPI, so only the second SIPI counts then; at 5 million instructions a second, with
 * both on the way through a hypervisor, it must not come too soon.
 */
#define SECOND_SIPI_US	2000u
#define START_WAIT_US	200000u

/* The words trampoline.asm leaves to be filled in. */
struct trampoline_data {
	uint64_t root, entry, stack, arg;
	uint32_t long_ip;
	uint16_t long_cs, room0;
	uint32_t prot_ip;
	uint16_t prot_cs, room1;
	uint32_t compat_ip;
	uint16_t compat_cs, room2;
	uint16_t real_ip, real_cs;
	uint32_t room3;
	uint16_t gdt_limit;
	uint64_t gdt_base;
	uint16_t room4[3];
	uint16_t idt_limit;
	uint64_t idt_base;
	uint16_t room5[3];
	uint64_t efer, cr4;
	uint32_t work, result;
} __attribute__((packed));

/* Offsets into the page; the order of trampoline_fix in trampoline.asm. */
struct trampoline_offsets {
	uint32_t data, long_ptr, long_start, prot_ptr, prot16, compat_ptr, compat32;
	uint32_t real_ptr, real_work, gdtr, gdt, code16, data16, to_real;
};

extern const uint8_t trampoline_start[], trampoline_end[];
extern const struct trampoline_offsets trampoline_fix;
extern const char cpu_head[], trampoline_back[];
void trampoline_leave(uint64_t page, uint64_t root_low, uint64_t to_real, uint64_t *save_rsp);
void cpu_main(struct cpu *c);

static struct lock trampoline_lock;

static volatile struct trampoline_data *data(void)
{
	return (void *)(DIRECT_MAP + boot_data.trampoline + trampoline_fix.data);
}

static void set_base(uint32_t descriptor, uint64_t base)
{
	uint64_t *d = (void *)(DIRECT_MAP + boot_data.trampoline + descriptor);

	*d |= (base & 0xffffff) << 16;
}

void smp_init(void)
{
	const struct trampoline_offsets *fix = &trampoline_fix;
	uint32_t page = (uint32_t)boot_data.trampoline;

	memcpy((void *)(DIRECT_MAP + page), trampoline_start,
	       (size_t)(trampoline_end - trampoline_start));
	data()->root = boot_data.root_low;
	data()->long_ip = page + fix->long_start;
	data()->prot_ip = fix->prot16;
	data()->compat_ip = page + fix->compat32;
	data()->real_ip = (uint16_t)fix->real_work;
	data()->real_cs = (uint16_t)(page >> 4);
	data()->gdt_base = page + fix->gdt;
	data()->efer = EFER_LONG;
	data()->cr4 = CR4_PAE_PGE;
	set_base(fix->code16, page);
	set_base(fix->data16, page);
}

static bool wait_online(struct cpu *c, uint64_t us)
{
	uint64_t start = rdtsc();

	while (!c->online && rdtsc() - start < tsc_hz / 1000000 * us)
		pause();
	return c->online;
}

bool cpu_start(unsigned int cpu)
{
	struct cpu *c = &cpus[cpu];
	uint32_t sipi = ICR_STARTUP | (uint32_t)(boot_data.trampoline >> 12);
	bool up;

	lock_take(&trampoline_lock);
	c->online = false;
	data()->entry = (uint64_t)cpu_head;
	data()->stack = cpu_stack_top(cpu);
	data()->arg = (uint64_t)c;
	apic_send(c->apic_id, ICR_INIT | ICR_ASSERT);
	apic_send(c->apic_id, sipi);
	up = wait_online(c, SECOND_SIPI_US);
	if (!up) {
		apic_send(c->apic_id, sipi);
		up = wait_online(c, START_WAIT_US);
	}
	lock_drop(&trampoline_lock);
	return up;
}

void cpu_reset(unsigned int cpu)
{
	cpus[cpu].online = false;
	apic_send(cpus[cpu].apic_id, ICR_INIT | ICR_ASSERT);
}

/* C entry of every CPU but the first; first of all it calls a function that may be patched. */
void cpu_main(struct cpu *c)
{
	uint64_t calls = 0;

	c->first_result = target(&calls);
	cpu_init(c);
	sched_init_cpu(c);
	apic_init();
	c->starts++;
	atomic_store(&c->online, true);
	for (;;)
		idle();
}

/* Nothing of the CPU's tables survives the trip; cpu_init() loads all of them anew. */
uint32_t real_mode_trip(uint32_t work)
{
	struct cpu *c = this_cpu();
	uint32_t result;
	uint64_t flags;

	lock_take(&trampoline_lock);	/* before interrupts go off: its holder may share this CPU */
	flags = irq_save();
	data()->entry = (uint64_t)trampoline_back;
	data()->work = work;
	data()->result = 0;
	trampoline_leave(boot_data.trampoline, boot_data.root_low,
			 boot_data.trampoline + trampoline_fix.to_real,
			 (uint64_t *)((uint8_t *)data() +
				      offsetof(struct trampoline_data, stack)));
	cpu_init(c);
	result = data()->result;
	irq_restore(flags);
	lock_drop(&trampoline_lock);
	return result;
}

unsigned int ipi_others(uint32_t command)
{
	unsigned int i, n = 0;

	for (i = 0; i < ncpus; i++) {
		if (i == this_cpu()->index || !cpus[i].online)
			continue;
		apic_send(cpus[i].apic_id, command);
		n++;
	}
	return n;
}

/* "Shutdown" on port 0x8900 ends Bochs; any write there ends QEMU with isa-debug-exit. */
void power_off(void)
{
	const char *s;

	cli();
	console_drain();
	for (;;)
		for (s = "Shutdown"; *s; s++)
			outb(0x8900, (uint8_t)*s);
}
