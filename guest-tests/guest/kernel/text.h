/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own text: checksums, and rewriting it while it runs (text.c). */
#ifndef GUEST_TEXT_H
#define GUEST_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "guest-tests/guest/kernel/cpu.h"

extern const uint8_t _stext[], _etext[];

/* FNV-1a over [from, to), read as data through the kernel's own mapping. */
uint64_t text_sum(const uint8_t *from, const uint8_t *to);

/* Writable alias of a text address, in the direct map. */
uint8_t *text_alias(const void *addr);

/* Every other CPU executes a serializing instruction; false if one does not answer in time. */
bool sync_others(void);

/**
 * text_poke - rewrite one instruction that other CPUs may be executing
 * @len: 1 ... 8
 * INT3 over the first byte, then the tail, then the first byte, all CPUs
 * serialized between (as the Linux kernel does). One caller at a time.
 * Returns NULL or what went wrong: a CPU that did not answer, bytes that do not read back.
 */
const char *text_poke(void *addr, const uint8_t *bytes, size_t len);

/* Same bytes by one plain store per byte through the alias; no CPU may execute them meanwhile. */
void text_write(void *addr, const uint8_t *bytes, size_t len);

/* The breakpoint handler's question: was it text_poke's? Then the instruction is emulated. */
bool text_breakpoint(struct frame *f);

struct stop_times {
	uint64_t pause;		/* TSC, first CPU held to last let go */
	uint64_t total;		/* from the caller's first step to its last */
	unsigned int cpus;
};

/*
 * stop_all - run @work here with all other CPUs held, interrupts off, as stop_machine() does
 * False if one does not come.
 */
bool stop_all(void (*work)(void *), void *arg, struct stop_times *times);

/* The held CPU's part, from its interrupt. */
void stopped_here(void);

#endif
