/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console session: one CPU at a time polls the UART, feeds the protocol
 * server and drives the engine, in slices, from its preemption-timer exits.
 */
#ifndef VMM_SESSION_H
#define VMM_SESSION_H

#include <stdint.h>

struct cpu;

/* Boot context, once, after the engine. 0, or -1 if the pool is empty. */
int session_init(void);

/**
 * session_poll - a preemption-timer exit of this CPU
 * Returns the timer value (in timer ticks) until the next.
 */
uint32_t session_poll(struct cpu *c);

/* Ticks of the preemption timer in @us microseconds, at least 1. */
uint32_t session_timer_us(uint32_t us);

/* A parked CPU keeps the console alive if it was the one that polled. */
void session_parked(struct cpu *c);

#endif
