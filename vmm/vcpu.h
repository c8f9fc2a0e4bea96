/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions by which root mode uses a vendor's back end. An image has one back end; it
 * implements these functions and those of view.h in a folder of its own. Nothing outside that
 * folder uses its instructions, its control structures or its exits.
 *
 * Unless the comment of a function says otherwise, it runs in root mode on the CPU whose guest it
 * concerns (@c, if it takes one), after that CPU's launch, and takes no locks.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/engine/views.h"
#include "vmm/boot_info.h"

struct cpu;
struct cpuid;
struct msr_rule;

/* ---- life ---- */

/* Takes the memory that all CPUs share. Boot CPU, once. False if the pool is empty. */
bool vcpu_init(void);

/**
 * vcpu_launch - switch virtualisation on and let the firmware go on as the guest
 * Boot context, from the loader's call on this CPU; c->fw says where the guest goes on. Returns
 * only on failure, with virtualisation off again.
 */
enum resident_status vcpu_launch(struct cpu *c);

/* Switches virtualisation off; the firmware goes on behind the call instruction that exited. */
_Noreturn void vcpu_leave(struct cpu *c);

/**
 * vcpu_run - enter the guest, and handle the exit that ends it
 *
 * The back end has a timer that makes the guest exit for session_poll(), after the time that its last
 * call returned. Before the entry the back end delivers a pending NMI or machine check
 * (c->nmi_pending, c->mc_pending), and arms the exits for c->window_wanted and an active step.
 */
void vcpu_run(struct cpu *c);

/**
 * vcpu_step - execute one instruction of the guest and take no interrupt
 * For a CPU in a rendezvous and for its initiator. False if the instruction did not complete in a
 * bounded number of exits.
 */
bool vcpu_step(struct cpu *c);

/* ---- views ---- */

/*
 * Makes the guest run on @view from its next entry on. If this CPU may have cached wrong translations
 * for @view, the caller also calls vcpu_flush_views().
 */
void vcpu_set_view(view_t view);

/*
 * Drops this CPU's cached translations of all views. Serialises the CPU, as cross-modified code
 * requires (SDM 3A "Handling Self- and Cross-Modifying Code").
 */
void vcpu_flush_views(void);

/* ---- exits ---- */

/*
 * Makes the next entry exit before the guest's first instruction. The NMI handler calls it, because
 * the main path may already have looked at all requests. Returns false if it cannot be done.
 */
bool vcpu_force_exit(void);

/*
 * Makes accesses of the guest to @msr, or to the I/O port @port, exit on all CPUs. Boot CPU, after
 * vcpu_init() and before the first launch.
 */
void vcpu_intercept_msr(uint32_t msr, bool read, bool write);
void vcpu_intercept_port(uint16_t port);

/* The rules for MSRs that only this vendor has; @n: how many. Any context. */
const struct msr_rule *vcpu_msr_rules(unsigned int *n);

/* Clears in @r, the answer of CPUID to @leaf and @sub, what a guest of this vendor cannot have. */
void vcpu_filter_cpuid(uint32_t leaf, uint32_t sub, struct cpuid *r);

/* ---- events ---- */

/*
 * Gives the guest a hardware exception at the next entry, merged with the event on its way.
 * @error: its error code, ignored if @vector has none.
 */
void vcpu_inject(struct cpu *c, uint8_t vector, uint32_t error);

/* Completes the emulated instruction that exited: RIP moves on, interrupt shadows end, TF traps. */
void vcpu_skip(void);

/*
 * Is an NMI about to be delivered to the guest, or is the guest in its NMI handler? The next NMI waits
 * for IRET then. Also from NMI handlers.
 */
bool vcpu_nmi_under_way(struct cpu *c);

/* Has a performance counter overflowed and its overflow not been acknowledged? Also from NMI handlers. */
bool vcpu_counter_overflowed(void);

/* ---- the guest's state ---- */

/*
 * Gives this CPU the state after INIT (SDM 3A table "IA-32 and Intel 64 Processor States Following
 * Power-up, Reset, or INIT") and makes it execute at @vector << 12. Leaves the registers alone that no
 * entry loads.
 */
void vcpu_reset(struct cpu *c, uint8_t vector);

/* CS base + RIP. */
uint64_t vcpu_linear_rip(void);

/* CR3 and CR4 as the guest reads them, but for bits of CR4 that the back end keeps set. */
uint64_t vcpu_cr3(void);
uint64_t vcpu_cr4(void);

/* Is paging on? */
bool vcpu_paging(void);

/* Current privilege level, 0 ... 3. */
unsigned int vcpu_cpl(void);

/*
 * Is the CPU inside a section with interrupts off? Not if it is halted there: then it stands
 * between two instructions for any length of time.
 */
bool vcpu_interrupts_off(void);

#endif
