/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads: bound to a CPU, preempted by its timer, round robin (sched.c). */
#ifndef GUEST_SCHED_H
#define GUEST_SCHED_H

#include <stdbool.h>
#include <stdint.h>
#include "guest-tests/guest/kernel/cpu.h"

typedef void thread_fn(void *arg);

/* Makes the code that runs now the first thread of @c. Interrupts off. */
void sched_init_cpu(struct cpu *c);

/* A new thread on @cpu; false if all its slots are taken. */
bool thread_start(unsigned int cpu, thread_fn *fn, void *arg);

/* Gives the CPU to the next thread; comes back on this thread's next turn. */
void yield(void);

/* With nothing to do: the next thread, or sleep until an interrupt. */
void idle(void);

/* Interrupt handler: what runs next. */
struct frame *schedule(struct frame *f);

#endif
