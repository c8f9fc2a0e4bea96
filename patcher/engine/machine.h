/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All the engine asks of the machine. vmm/machine.c implements it in root mode,
 * guest-tests/unit/engine/fake_machine.c on the host.
 */
#ifndef ENGINE_MACHINE_H
#define ENGINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "vmm/mem/pool.h"
#include "vmm/view.h"

/* ---- guest memory ---- */

/*
 * Copies guest physical RAM. The range must not cross a page. 0, or -1 if it is not RAM
 * we may touch.
 * machine_read() reads each aligned 8-byte word by one 64-bit access: another CPU may be
 * storing an instruction there, and half of it must never get into an exec page.
 */
int machine_read(uint64_t gpa, void *buf, size_t len);

/**
 * machine_cas64 - put @value where @expect is, in one locked access
 * @gpa: 8-byte aligned
 *
 * For a page-table entry that the guest may be about to fill as well. 0; 1 if
 * something else was there (nothing written); -1 if it is not RAM we may touch.
 */
int machine_cas64(uint64_t gpa, uint64_t expect, uint64_t value);

/**
 * machine_translate - walk the guest's own page tables (4 or 5 levels, large pages)
 * @gva: canonical or not
 * @gpa: filled on success
 * Uses the address space of the CPU that runs the engine; the kernel's half of it if
 * page-table isolation keeps two. 0, or -1 if it is not mapped there.
 */
int machine_translate(uint64_t gva, uint64_t *gpa);

/*
 * The guest's page-table entry for @gva at @level (1 = PTE, 2 = PDE, 3, 4): where it lies and
 * what it holds. 0 or -1 if the walk ends above.
 */
int machine_guest_entry(uint64_t gva, unsigned int level, uint64_t *gpa, uint64_t *entry);

/* IA32_LSTAR of the guest. 0 if it was never set. */
uint64_t machine_anchor(void);

/* ---- the annex: reserved, 2 MiB aligned ---- */
uint64_t machine_annex_hpa(void);
uint64_t machine_annex_size(void);
void *machine_annex_va(void);

/* ---- time ---- */
uint64_t machine_tsc(void);
uint64_t machine_tsc_hz(void);

/* ---- views ---- */

/* The view of a machine without patches (identity, our memory hidden). Owned by the machine. */
view_t machine_base_view(void);

/**
 * machine_spread - every CPU takes @view at an exit of its own; nobody waits
 * Takes over no reference; the old view must live until machine_spread_done().
 * May be called again before the last spread is done: the last one counts.
 * Each CPU does INVEPT for the new view when it takes it. A CPU that is about
 * to handle a violation of the old view may find that the engine knows nothing
 * of the page any more (ENGINE_PAGE_NONE): it goes on if engine_view() allows the access.
 */
void machine_spread(view_t view);

/* True when every CPU is on the view of the last machine_spread(), or waits for SIPI. */
bool machine_spread_done(void);

/* ---- all CPUs stopped ---- */

/**
 * machine_stop - stop every CPU outside the guest
 * Bounded. 0; or -1 with *late = the first CPU that did not come, everyone running again.
 * A CPU in the middle of a data step finishes it first, with its engine_written();
 * no CPU counts as stopped while it is in a function of the engine or holds its lock.
 */
int machine_stop(unsigned int *late);

unsigned int machine_cpus(void);

/* Linear RIP of a stopped CPU; false if it waits for SIPI (it takes the current view then). */
bool machine_cpu_rip(unsigned int cpu, uint64_t *rip);

/* APIC id of @cpu, for messages. */
uint32_t machine_cpu_apic_id(unsigned int cpu);

/* Lets one stopped CPU execute one instruction, no interrupt taken. False if it did not come back. */
bool machine_cpu_step(unsigned int cpu);

/*
 * Makes @view the current view. All CPUs stopped: each loads it and serialises
 * before it runs again, and machine_resume() returns when all have.
 */
void machine_switch(view_t view);

/* Lets all CPUs go. Returns the pause: TSC ticks from the first CPU stopped to the last let go. */
uint64_t machine_resume(void);

/* ---- the engine's lock: a spin lock, taken by exits (merge) and by the session ---- */
void machine_lock(void);
void machine_unlock(void);

#endif
