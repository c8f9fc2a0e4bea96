/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console session: one CPU at a time polls the UART, gives its bytes to the protocol
 * server and runs the engine, in slices, at the exits of its timer.
 */
#ifndef VMM_SESSION_H
#define VMM_SESSION_H

#include <stdint.h>

struct cpu;

/* Boot context, once, after engine_init(). 0, or -1 if the pool is empty. */
int session_init(void);

/**
 * session_poll - the timer of this CPU made the guest exit
 * Returns the ticks of the TSC until the next exit of this kind.
 */
uint64_t session_poll(struct cpu *c);

/* To be called again and again by a parked CPU: it goes on polling if it may. */
void session_parked(struct cpu *c);

#endif
