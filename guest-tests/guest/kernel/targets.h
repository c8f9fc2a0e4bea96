/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that the scenarios patch, and their results. Shared with guest-tests/guest/patches/. */
#ifndef GUEST_TARGETS_H
#define GUEST_TARGETS_H

#include <stdint.h>

#define PATCHABLE	__attribute__((noinline, noclone, noipa))

#define RESULT_OLD	0x01d01d01u
#define RESULT_NEW	0x5eed5eedu

/* Counts the call in *calls and returns a number that shows which code ran. */
uint32_t target(uint64_t *calls);

/* The same with ENDBR64 in front of the 5-byte NOP. */
uint32_t target_endbr(uint64_t *calls);

/* What the demonstration prints; @cpu is the caller. */
const char *greeting(unsigned int cpu);
/* Kernel data that patched code reads and writes too. */
extern uint64_t greetings_given;

/* poke.asm: one 5-byte MOV EAX, imm32 whose immediate is a loop onto itself. */
uint32_t straggle(void);
/* Jumps to straggle+1; returns only when an interrupt handler changes the RIP to straggle_out. */
void straggle_enter(void);
extern const char straggle_out[];

/* poke.asm: the same with HLT and NOPs in the immediate; at +1 it returns after an interrupt. */
uint32_t halt_inside(void);
void halt_inside_enter(void);

/* poke.asm: rewritten by the guest itself. Results: POKE_A or POKE_B. */
#define POKE_A		0x0a0a0a0au
#define POKE_B		0x0b0b0b0bu
uint32_t poke_aligned(void);	/* inside one 8-byte word */
uint32_t poke_word(void);	/* crosses an 8-byte boundary */
uint32_t poke_page(void);	/* crosses a page boundary */
/* Entries of the same two pages, to be patched. */
uint32_t page_one(void);
uint32_t page_two(void);

/* functions.c */
#define FUNCTIONS	320u
#define FN_RESULT(i, generation)	((i) << 8 | (generation))
typedef uint32_t function_fn(void);
extern function_fn *const function_table[FUNCTIONS];

#endif
