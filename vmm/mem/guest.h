/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: which of it root mode hides, and a walk of the guest's page tables. It is read and
 * written by machine_read() and machine_cas64() of patcher/engine/guest.h.
 */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

/* Is this page part of the run the hypervisor lives in (annex included)? */
bool guest_hidden(uint64_t gpa);

/**
 * guest_walk - translate a linear address by 4- or 5-level tables
 * @cr3, @levels: 4 or 5
 * @stop: level whose entry is wanted (1 ... 4), or 0 for the final translation
 * @where, @entry: the last entry looked at: its GPA and its value
 *
 * Returns the GPA (stop == 0), 0 with *entry filled (stop != 0), or UINT64_MAX if
 * the walk ends early. SDM 3A "4-Level Paging and 5-Level Paging".
 */
uint64_t guest_walk(uint64_t cr3, unsigned int levels, uint64_t gva, unsigned int stop,
		    uint64_t *where, uint64_t *entry);

#endif
