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
 * session_poll - run a slice of the session, if it is this CPU's turn, at an exit of its timer
 * Returns the ticks of the TSC until the next exit of this kind.
 */
uint64_t session_poll(struct cpu *c);

/* Waits 1 ms, then runs a slice if it is this CPU's turn. A parked CPU calls it again and again. */
void session_parked(struct cpu *c);

#endif
