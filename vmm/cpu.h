/* SPDX-License-Identifier: GPL-2.0-only */
/* One CPU's world in root mode: its state, its stacks, and what others ask of it. */
#ifndef VMM_CPU_H
#define VMM_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "vmm/boot_info.h"
#include "vmm/mem/pool.h"
#include "vmm/view.h"
#include "vmm/vmx/vectoring.h"
#include "vmm/x86.h"

/* General registers of the guest while root mode runs; RSP, RIP, RFLAGS are in the VMCS. */
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
	CPU_WAIT_SIPI,		/* in the guest, deaf to NMIs; takes the current view when it wakes */
	CPU_STOPPED,		/* in a rendezvous */
	CPU_PARKED,		/* given up after an error; stays in root mode for ever */
};

#define STEP_PAGES	8u	/* that one step can open at a time */

/* A single step in a view of this CPU alone; see step.h. */
struct step {
	bool active;
	bool io_redirected;		/* DX holds another port meanwhile */
	uint16_t io_dx;
	struct overlay view;		/* kept between steps */
	uint64_t generation;		/* of the view below it */
	unsigned int pages;
	struct {
		uint64_t gpa, hpa;
		bool write;
	} page[STEP_PAGES];
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
	uint64_t host_rsp;		/* as the VMCS has it; entry.asm */
	struct cpu *self;		/* at %gs:offset for this_cpu(); entry.asm */
	uint64_t canary_block[6];	/* FS base points here: canary at fs:0x28 */
	uint64_t old_fs, old_gs;	/* of the firmware, while it calls us; entry.asm */

	unsigned int index;
	uint32_t apic_id;
	uint64_t vmxon_hpa, vmcs_hpa, scratch_hpa;
	bool vmx_on, launched;

	/* Requests from others; atomics. */
	enum cpu_mode mode;
	bool step_wanted, step_failed;	/* in a rendezvous: one instruction, please */
	uint32_t kick_sent, kick_seen;
	uint64_t kick_tsc;
	bool pmi_passed;		/* see nmi_landed() */
	bool nmi_pending;		/* a genuine NMI waits for the guest to take it */
	bool mc_pending;		/* a machine check hit root mode: the guest's to know */
	uint64_t generation;		/* of the view loaded in this VMCS, the step view aside */

	/* This CPU only. */
	bool wait_sipi;
	uint64_t startup_seen;		/* see sipi_pass_on() */
	uint64_t startups;		/* so many SIPIs started it */
	bool mtf_wanted;		/* vcpu_step() runs */
	bool window_wanted;		/* leave the guest when it takes interrupts again */
	unsigned int unpaged_waits;	/* session slices put off because paging is off */
	bool session_waited;		/* the session slice has been put off once for that */
	struct event event;		/* to be injected at the next entry */
	struct step step;
	uint32_t proc_controls;		/* as the VMCS has them */
	uint32_t exception_bitmap;	/* likewise */
	uint32_t exit_reason;
	uint64_t exit_tsc;		/* of the last preemption-timer exit */
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
#define WORLD_VMXON		2u
#define WORLD_VMCS		3u
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

/* Where a CPU is: ordered with the requests that CPUs make of each other. Any CPU. */
static inline enum cpu_mode cpu_mode(const struct cpu *c)
{
	return __atomic_load_n(&c->mode, __ATOMIC_SEQ_CST);
}

/* Says where this CPU is. */
static inline void cpu_set_mode(struct cpu *c, enum cpu_mode m)
{
	__atomic_store_n(&c->mode, m, __ATOMIC_SEQ_CST);
}

/* TSC ticks in so many milliseconds. Any context. */
static inline uint64_t ticks_ms(unsigned int ms)
{
	return boot_info.tsc_hz / 1000 * ms;
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
