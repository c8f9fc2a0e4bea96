/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rendezvous of all CPUs: they take the current view, stop, and run again. The initiator is the
 * one CPU that holds the session. rendezvous.c has the functions of patcher/engine/cpus.h and views.h
 * that spread a view, stop, switch and resume.
 */
#ifndef VMM_RENDEZVOUS_H
#define VMM_RENDEZVOUS_H

#include "vmm/cpu.h"

/* Returns the view that every CPU must run on, and a number that changes with it. Any CPU, no locks. */
view_t rendezvous_view(uint64_t *generation);

/* Sets the first view; boot context. */
void rendezvous_init(view_t view);

/**
 * rendezvous_requests - carry out the requests of other CPUs before this one enters the guest
 *
 * Stops while a rendezvous runs, loads the current view, and sets the mode. A CPU
 * in a data step only sets the mode: it finishes the step first. After the
 * return a new request kicks this CPU with an NMI. Root mode, no locks.
 */
void rendezvous_requests(struct cpu *c);

/* Lets the other CPUs run again if @c, which parks now, has stopped them. Root mode, own CPU. */
void rendezvous_abandon(const struct cpu *c);

/* Makes this CPU's guest run on the current view from its next entry on, and drops what was cached. */
void rendezvous_load_view(struct cpu *c);

/* Returns how many TSC ticks a rendezvous waits for a CPU that runs with interrupts off. */
uint64_t rendezvous_patience(void);

#endif
