/* SPDX-License-Identifier: GPL-2.0-only */
/* One CPU's world in root mode: its state, its stacks, and what other CPUs ask of it. */
#ifndef VMM_CPU_H
#define VMM_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "vmm/boot_info.h"
#include "patcher/engine/pages.h"
#include "vmm/step.h"
#include "vmm/x86.h"

/* General registers of the guest while root mode runs; the back end has RSP, RIP and RFLAGS. */
enum guest_reg {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP_UNUSED, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	GUEST_REGS,
};

/* Where a CPU is. Written by itself, read by all. */
enum cpu_mode {
	CPU_OFF,		/* not launched */
	CPU_ROOT,		/* handling an exit: will look at requests before it enters the guest */
	CPU_GUEST,
	CPU_WAIT_SIPI,		/* in the guest, takes no NMI; loads the current view when it wakes */
	CPU_STOPPED,		/* in a rendezvous */
	CPU_PARKED,		/* stays in root mode for ever after an error */
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct cpu {
	struct firmware_state fw;	/* first: the loader fills it */
	uint64_t regs[GUEST_REGS];	/* entry.asm knows the offset */
	struct cpu *self;		/* at %gs:offset for this_cpu(); entry.asm */
	uint64_t canary_block[6];	/* FS base points here: canary at fs:0x28 */
	uint64_t old_fs, old_gs;	/* the firmware's bases during a call of the loader's; entry.asm */

	unsigned int index;
	bool launched;			/* it has a guest */
	uint64_t back_end[12];		/* the back end's own state */

	/* Other CPUs write or read these too, as atomics. */
	enum cpu_mode mode;
	bool step_wanted;		/* a stopped CPU is to execute one instruction */
	bool step_failed;		/* the CPU could not execute it */
	uint32_t kick_sent, kick_seen;
	uint64_t kick_tsc;
	bool pmi_passed;		/* see nmi_landed() */
	bool nmi_pending;		/* a genuine NMI waits for the guest to take it */
	bool mc_pending;		/* a machine check hit root mode; the guest gets it */
	uint64_t generation;		/* number of the view that the guest runs on outside a step */

	/* This CPU only. */
	bool wait_sipi;
	bool started;			/* the last exit was the SIPI that started it */
	uint64_t startups;		/* how often a SIPI started it */
	bool window_wanted;		/* leave the guest when it takes interrupts again */
	unsigned int unpaged_waits;	/* session slices put off because paging is off */
	bool session_waited;		/* a session slice was put off because interrupts are off */
	struct data_step step;
	uint64_t exit_tsc;		/* TSC at the last exit for the session */
	uint64_t stop_tsc, resume_tsc, stop_rip;
	uint64_t exits, timer_exits;	/* counters */
	uint64_t hidden_writes;

	uint64_t gdt[10];
	struct tss tss;
};

/*
 * The world of a CPU, pages from its start. What is not named here is stack, which
 * grows down to a guard page: 5, 10, 12 and 14, left unmapped (header.asm).
 */
#define WORLD_CPU_PAGES		2u
#define WORLD_BACK_END		2u	/* two pages for control structures */
#define WORLD_SCRATCH		4u
#define WORLD_STACK_TOP		10u
#define WORLD_NMI_TOP		12u
#define WORLD_DF_TOP		14u
#define WORLD_MC_TOP		16u
#define WORLD_PAGES		16u

extern struct boot_info boot_info;

/* World @i, below boot_info.cpus. Any context, any CPU. */
static inline struct cpu *cpu_get(unsigned int i)
{
	return (struct cpu *)(RESIDENT_VA + boot_info.worlds + (uint64_t)i * WORLD_PAGES * PAGE_SIZE);
}

/* This CPU's world. Root context, once entry.asm has set GS. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__("mov %%gs:%c1, %0" : "=r"(c) : "i"(offsetof(struct cpu, self)));
	return c;
}

/*
 * Where a CPU is. Pairs with cpu_set_mode(): what the CPU wrote before it set this mode (stop_rip,
 * stop_tsc, resume_tsc, generation) can be read. Any CPU.
 */
static inline enum cpu_mode cpu_mode(const struct cpu *c)
{
	return __atomic_load_n(&c->mode, __ATOMIC_ACQUIRE);
}

/* Says where this CPU is; pairs with cpu_mode(). Own CPU. */
static inline void cpu_set_mode(struct cpu *c, enum cpu_mode m)
{
	__atomic_store_n(&c->mode, m, __ATOMIC_RELEASE);
}

/* TSC ticks in @ms milliseconds. Any context. */
static inline uint64_t ticks_ms(unsigned int ms)
{
	return boot_info.tsc_hz / 1000 * ms;
}

/* TSC ticks in @us microseconds. Any context. */
static inline uint64_t ticks_us(unsigned int us)
{
	return boot_info.tsc_hz / 1000000 * us;
}

/* Milliseconds since the loader looked at the TSC. Any context. */
static inline uint64_t uptime_ms(void)
{
	return (rdtsc() - boot_info.tsc_start) / (boot_info.tsc_hz / 1000 + 1);
}

/* Physical address of something in the run root mode lives in. Any context. */
static inline uint64_t resident_hpa(const void *va)
{
	return (uint64_t)va - RESIDENT_VA + boot_info.phys;
}

#endif
