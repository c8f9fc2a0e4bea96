/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data steps: one guest instruction in a view of this CPU alone. A step is how a data access to a
 * watched, patched or hidden page is carried out.
 */
#ifndef VMM_STEP_H
#define VMM_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include "vmm/view.h"

struct cpu;

#define STEP_PAGES	8u	/* how many pages one step can open at a time */

/* The step of a CPU. */
struct data_step {
	bool active;
	bool io_redirected;		/* the guest's DX holds UNDECODED_PORT, io_dx its own value */
	uint16_t io_dx;
	struct overlay view;		/* kept between steps */
	uint64_t generation;		/* of the current view that the step view is made from */
	unsigned int pages;
	struct {
		uint64_t gpa, hpa;
		bool write;
	} page[STEP_PAGES];
};

/* Takes the memory for this CPU's steps, once, on the boot CPU. False if the pool is empty. */
bool step_init(struct cpu *c);

/**
 * step_open - let the instruction under way reach one page, and step it
 * @gpa: page the guest accesses; @hpa: page it reaches instead; @write: it may write there
 *
 * May be called again while the step is active: an instruction can touch several
 * pages. Root mode, own CPU, in the exit of the access.
 */
void step_open(struct cpu *c, uint64_t gpa, uint64_t hpa, bool write);

/* Steps string I/O to a hidden port, with a port in DX that no device decodes. */
void step_io(struct cpu *c);

/*
 * Ends a step, whether its instruction is done or given up (exception, INIT): merges what it wrote
 * and goes back to the current view. Does nothing if no step is active.
 */
void step_finish(struct cpu *c);

#endif
