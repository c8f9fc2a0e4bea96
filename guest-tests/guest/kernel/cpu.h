/* SPDX-License-Identifier: GPL-2.0-only */
/* One CPU of the test kernel: its tables, counters, interrupts, expected faults (cpu.c, trap.c). */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <stdbool.h>
#include <stdint.h>
#include "guest-tests/guest/kernel/boot.h"

#define MAX_CPUS	GUEST_MAX_CPUS

#define SEL_CODE	0x08u
#define SEL_DATA	0x10u
#define SEL_TSS		0x18u

/* What entry.asm leaves on the stack. */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* A fault that the code under try_fault() may raise. try_call() uses the first two fields. */
struct recovery {
	uint64_t rsp, rip;
	bool taken;
	uint8_t vector;
	uint64_t error, cr2, at, rflags;
};

struct tss {
	uint32_t room0;
	uint64_t rsp[3];
	uint64_t room1;
	uint64_t ist[7];
	uint64_t room2;
	uint16_t room3, io_map;
} __attribute__((packed));

struct thread;

struct cpu {
	struct cpu *self;		/* first: read through GS */
	unsigned int index;
	uint32_t apic_id;
	volatile bool online;
	volatile unsigned int starts;	/* how often this CPU came up */
	volatile uint32_t first_result;	/* of target() called as the first thing after start */
	struct thread *volatile current;
	struct recovery *volatile recovery;
	volatile uint64_t ticks, ipis, nmis, sync_done, breakpoints, debugs, spurious;
	volatile uint64_t ipi_rip;	/* where the last of them came */
	volatile uint64_t nmi_hold;	/* the NMI handler does not return before this TSC */
	volatile bool in_nmi;
	/* Where the NMI handler, or an interrupt, sends this CPU if it spins in straggle(). */
	volatile uint64_t nmi_move_to, ipi_move_to;
	uint64_t gdt[8];
	struct tss tss;
};

extern struct cpu cpus[MAX_CPUS];
extern unsigned int ncpus;
extern struct guest_boot boot_data;

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(c));
	return c;
}

struct lock {
	volatile uint32_t held;
};

/* Spins with interrupts as they are. Not for interrupt handlers. */
void lock_take(struct lock *l);
void lock_drop(struct lock *l);

/* GDT, TSS, IDT, GS base, control registers, LSTAR of the CPU it runs on. */
void cpu_init(struct cpu *c);

/* Fills the shared IDT; once. */
void idt_init(void);
/* The gate of @vector, two words, in the shared IDT; for scenarios that plant odd gates. */
uint64_t *idt_gate(unsigned int vector);

/* The stack of @cpu's first thread (entry of the trampoline). */
uint64_t cpu_stack_top(unsigned int cpu);

/* Which vectors are for what. */
enum {
	VEC_TIMER = 0x20,
	VEC_YIELD = 0x21,
	VEC_COM1 = 0x24,
	VEC_SYNC = 0x40,	/* serialize and say so */
	VEC_FLOOD = 0x41,
	VEC_STOP = 0x42,	/* stop_all(): wait with interrupts off */
	VEC_MOVE = 0x43,	/* leave a spinning instruction */
	VEC_SPURIOUS = 0xff,
};

/* Entry of entry.asm: returns the frame to resume. */
struct frame *trap_dispatch(struct frame *f);

int try_call(void (*fn)(void *), void *arg, struct recovery *r);

/**
 * try_fault - run fn(arg) with interrupts off and report the fault that it raised
 * Returns the vector, or -1 if it raised nothing. @r may be NULL.
 */
int try_fault(void (*fn)(void *), void *arg, struct recovery *r);

#endif
