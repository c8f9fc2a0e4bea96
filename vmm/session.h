/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console session: one CPU at a time polls the UART, feeds the protocol
 * server and drives the engine, in slices, from the exits of its timer.
 */
#ifndef VMM_SESSION_H
#define VMM_SESSION_H

#include <stdint.h>

struct cpu;

/* Boot context, once, after the engine. 0, or -1 if the pool is empty. */
int session_init(void);

/**
 * session_poll - the timer of this CPU made the guest exit
 * Returns the ticks of the TSC until the next exit of this kind.
 */
uint64_t session_poll(struct cpu *c);

/* A parked CPU keeps the console alive if it was the one that polled. */
void session_parked(struct cpu *c);

#endif
