/* SPDX-License-Identifier: GPL-2.0-only */
/* Running the guest on this CPU: entry, exit, the loop around them. */
#ifndef VMX_RUN_H
#define VMX_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/*
 * Enters the guest until its next exit. Nonzero: the VMX instruction failed, the guest
 * did not run. vmx/entry.asm
 */
int vcpu_enter(struct cpu *c, bool launched);

/* One exit after the other, for ever. */
_Noreturn void vcpu_loop(struct cpu *c);

/**
 * vcpu_step - one guest instruction, no interrupt taken
 * For a CPU in a rendezvous or for the initiator itself. False if the instruction
 * did not complete in a bounded number of exits.
 */
bool vcpu_step(struct cpu *c);

/*
 * Is this CPU inside a section with interrupts off? Not if it is halted there: then
 * it is between two instructions for as long as one likes.
 */
bool vcpu_interrupts_off(void);

/* Has the guest paging on, on this CPU? */
bool vcpu_paging(void);

/* CS base + RIP of the guest on this CPU. */
uint64_t vcpu_linear_rip(void);

/* Gives the guest a hardware exception at the next entry, merged with what was on its way. */
void vcpu_inject(struct cpu *c, uint8_t vector, uint32_t error);

/* The instruction emulated on this CPU is done: RIP goes on, interrupt shadows end, TF traps. */
void vcpu_skip(void);

/* The guest's triple fault shut this CPU down: says so, resets the platform as chipsets do. */
_Noreturn void guest_shutdown(struct cpu *c);

/* Handles the exit in c->exit_reason: vmx/exit.c. */
void exit_handle(struct cpu *c);

/* All this CPU's VMCS tells about an exit nobody expected, to the log. */
void exit_dump(struct cpu *c);

#endif
