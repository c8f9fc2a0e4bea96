/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All CPUs at once: the current view, stopping and letting go. The initiator is
 * the one CPU that holds the session; the functions of patcher/engine/cpus.h and views.h that
 * stop, switch and resume are implemented here.
 */
#ifndef VMM_RENDEZVOUS_H
#define VMM_RENDEZVOUS_H

#include "vmm/cpu.h"

/* The view that every CPU is to run on, and a number that changes with it. Any CPU, no locks. */
view_t rendezvous_view(uint64_t *generation);

/* Sets the first view; boot context. */
void rendezvous_init(view_t view);

/**
 * rendezvous_requests - do what other CPUs ask of this one, before it enters the guest
 *
 * Stops while a rendezvous runs, loads the current view, and sets the mode. A CPU
 * in a data step only sets the mode: it finishes the step first. When it returns,
 * a later request comes with an NMI. Root mode, no locks.
 */
void rendezvous_requests(struct cpu *c);

/* This CPU parks. If it has stopped the others, they go on. Root mode, own CPU. */
void rendezvous_abandon(const struct cpu *c);

/* This CPU's guest runs on the current view from its next entry on; what was cached is dropped. */
void rendezvous_load_view(struct cpu *c);

/* TSC ticks a section with interrupts off is let finish before its CPU is stopped. */
uint64_t rendezvous_patience(void);

#endif
