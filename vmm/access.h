/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses of the guest that its view does not allow: what becomes of each. */
#ifndef VMM_ACCESS_H
#define VMM_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/**
 * access_refused - the view does not allow what the guest's instruction does
 * @gpa: physical address of the access; @access: ACCESS_*, see view.h
 * @gva: linear address; good only if @access has ACCESS_FETCH
 *
 * Opens the page for one instruction, gives the guest an exception, or does nothing if the view
 * has changed meanwhile: the guest then tries again. False: no view explains this exit. Root mode,
 * own CPU, in the exit of the access.
 */
bool access_refused(struct cpu *c, uint64_t gpa, uint64_t gva, unsigned int access);

#endif
