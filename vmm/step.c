/* SPDX-License-Identifier: GPL-2.0-only */
/* Data steps: opening pages for one instruction, and closing them behind it. */
#include "vmm/step.h"
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/traps.h"
#include "vmm/vmx/ept.h"
#include "vmm/vmx/ops.h"
#include "vmm/x86.h"

#define NOBODYS_PORT	0xfff0u		/* 4 bytes from here on decode to nothing on a PC */

bool step_init(struct cpu *c)
{
	c->step.view.pages = OVERLAY_PAGES(STEP_PAGES);
	c->step.view.hpa = pool_alloc(c->step.view.pages);
	return c->step.view.hpa;
}

void step_shadow(void)
{
	uint64_t rflags = vmread(GUEST_RFLAGS);
	uint64_t blocking = vmread(GUEST_INTERRUPTIBILITY);

	if (vmread(GUEST_ACTIVITY_STATE) == ACTIVITY_ACTIVE &&
	    (rflags & RFLAGS_IF) && !(rflags & RFLAGS_TF) &&
	    !(blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)))
		vmwrite(GUEST_INTERRUPTIBILITY, blocking | BLOCKING_BY_STI);
}

static void merge(struct cpu *c)
{
	for (unsigned int i = 0; i < c->step.pages; i++)
		if (c->step.page[i].write)
			engine_written(c->step.page[i].gpa);
}

/* Shows what the current view shows, and nothing opened. */
static void close_pages(struct cpu *c)
{
	overlay_reset(&c->step.view, rendezvous_view(&c->step.generation));
	c->step.pages = 0;
}

/* May the view of an earlier step serve again? Only if it opens just this page, just so. */
static bool reusable(const struct cpu *c, uint64_t gpa, uint64_t hpa, bool write)
{
	const struct step *s = &c->step;

	return s->generation == c->generation && s->pages == 1 && s->page[0].gpa == gpa &&
	       s->page[0].hpa == hpa && s->page[0].write == write;
}

void step_open(struct cpu *c, uint64_t gpa, uint64_t hpa, bool write)
{
	struct step *s = &c->step;

	if (!s->active && reusable(c, gpa, hpa, write)) {
		vmwrite(EPT_POINTER, ept_pointer(s->view.hpa));
		s->active = true;
		return;
	}
	if (s->active && s->pages == STEP_PAGES) {
		/*
		 * Only restartable instructions touch so many pages: what they wrote
		 * so far stands, and they go on with the pages to come.
		 */
		merge(c);
		close_pages(c);
	}
	/* a step of string I/O has no view of its own until it meets such a page */
	if (!s->active || !s->pages)
		close_pages(c);
	if (overlay_open(&s->view, gpa, hpa, write))
		cpu_park("no table to open page 0x%lx", gpa);
	s->page[s->pages].gpa = gpa;
	s->page[s->pages].hpa = hpa;
	s->page[s->pages++].write = write;
	s->active = true;
	vmwrite(EPT_POINTER, ept_pointer(s->view.hpa));
	/* the tables of this root may have meant something else before */
	invept_all();
}

void step_io(struct cpu *c)
{
	if (!c->step.active)
		c->step.pages = 0;
	c->step.active = true;
	c->step.io_redirected = true;
	c->step.io_dx = (uint16_t)c->regs[REG_RDX];
	c->regs[REG_RDX] = (c->regs[REG_RDX] & ~0xffffull) | NOBODYS_PORT;
}

static void restore_dx(struct cpu *c)
{
	if (c->step.io_redirected)
		c->regs[REG_RDX] = (c->regs[REG_RDX] & ~0xffffull) | c->step.io_dx;
	c->step.io_redirected = false;
}

void step_finish(struct cpu *c)
{
	uint64_t generation;
	view_t current;

	if (!c->step.active)
		return;
	current = rendezvous_view(&generation);
	merge(c);
	restore_dx(c);
	c->step.active = false;
	/* a view that came meanwhile is loaded by rendezvous_requests() */
	if (c->generation == generation)
		vmwrite(EPT_POINTER, ept_pointer(current));
}
