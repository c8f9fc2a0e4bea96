/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables and control registers of one CPU. */
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/x86.h"

#define STACK_SIZE	8192u
#define CR0_WP		(1u << 16)
#define CR4_PAE		(1u << 5)
#define CR4_PGE		(1u << 7)
#define EFER_SCE	1u
#define EFER_NXE	(1u << 11)

enum { IST_NMI = 1, IST_DF = 2, IST_MC = 3, IST_COUNT = 3 };

struct cpu cpus[MAX_CPUS];
unsigned int ncpus;
struct guest_boot boot_data;

extern const uint64_t stub_table[256];
extern const char entry_SYSCALL_64[];

static uint64_t idt[256][2] __attribute__((aligned(4096)));
static uint8_t ist_stacks[MAX_CPUS][IST_COUNT][STACK_SIZE] __attribute__((aligned(16)));

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

void lock_take(struct lock *l)
{
	while (atomic_swap(&l->held, 1))
		pause();
}

void lock_drop(struct lock *l)
{
	atomic_store(&l->held, 0);
}

uint64_t *idt_gate(unsigned int vector)
{
	return idt[vector & 255];
}

static unsigned int ist_of(unsigned int vector)
{
	if (vector == 2)
		return IST_NMI;
	if (vector == 8)
		return IST_DF;
	return vector == 18 ? IST_MC : 0;
}

/* SDM 3A, "64-Bit Mode IDT": interrupt gates, so that handlers run with interrupts off. */
void idt_init(void)
{
	unsigned int v;

	for (v = 0; v < 256; v++) {
		uint64_t at = stub_table[v];

		idt[v][0] = (at & 0xffff) | (uint64_t)SEL_CODE << 16 |
			    (uint64_t)ist_of(v) << 32 | 0x8e0000000000ull | (at >> 16 & 0xffff) << 48;
		idt[v][1] = at >> 32;
	}
}

static void load_gdt(struct cpu *c)
{
	uint64_t tss = (uint64_t)&c->tss;
	struct table_pointer p = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };

	memset(c->gdt, 0, sizeof(c->gdt));
	c->gdt[1] = 0x00af9b000000ffff;
	c->gdt[2] = 0x00cf93000000ffff;
	c->gdt[3] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 | 0x890000000000ull |
		    (tss >> 24 & 0xff) << 56;
	c->gdt[4] = tss >> 32;
	__asm__ volatile("lgdt %0" : : "m"(p));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:"
			 : : "i"(SEL_CODE) : "rax", "memory");
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; mov %1, %%fs; mov %1, %%gs"
			 : : "r"(SEL_DATA), "r"(0) : "memory");
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

static void set_stacks(struct cpu *c)
{
	unsigned int i;

	memset(&c->tss, 0, sizeof(c->tss));
	for (i = 0; i < IST_COUNT; i++)
		c->tss.ist[i] = (uint64_t)(ist_stacks[c->index][i] + STACK_SIZE);
	c->tss.io_map = sizeof(c->tss);
}

void cpu_init(struct cpu *c)
{
	struct table_pointer p = { sizeof(idt) - 1, (uint64_t)idt };

	c->self = c;
	set_stacks(c);
	load_gdt(c);
	wrmsr(MSR_GS_BASE, (uint64_t)c);
	__asm__ volatile("lidt %0" : : "m"(p));
	write_cr0((read_cr0() & ~0x60000000ull) | CR0_WP);
	write_cr4(CR4_PAE | CR4_PGE);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (uint64_t)SEL_CODE << 32);
	wrmsr(MSR_LSTAR, (uint64_t)entry_SYSCALL_64);
	write_cr3(boot_data.root);
}
