/* SPDX-License-Identifier: GPL-2.0-only */
/* Data steps: opens pages for one instruction, and closes them after it. */
#include "vmm/step.h"
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "vmm/mem/pool.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/traps.h"
#include "vmm/vcpu.h"

#define UNDECODED_PORT	0xfff0u	/* no device of a PC decodes this port and the next 3 */

bool step_init(struct cpu *c)
{
	c->step.view.pages = OVERLAY_PAGES(STEP_PAGES);
	c->step.view.hpa = pool_alloc(c->step.view.pages);
	return c->step.view.hpa;
}

static void merge(struct cpu *c)
{
	for (unsigned int i = 0; i < c->step.pages; i++)
		if (c->step.page[i].write)
			engine_written(c->step.page[i].gpa);
}

/* Resets the step view to the current view, with no page opened. */
static void close_pages(struct cpu *c)
{
	overlay_reset(&c->step.view, rendezvous_view(&c->step.generation));
	c->step.pages = 0;
}

/* May the view of an earlier step be used again? Only if it opens this page alone, in the same way. */
static bool reusable(const struct cpu *c, uint64_t gpa, uint64_t hpa, bool write)
{
	const struct data_step *s = &c->step;

	return s->generation == c->generation && s->pages == 1 && s->page[0].gpa == gpa &&
	       s->page[0].hpa == hpa && s->page[0].write == write;
}

void step_open(struct cpu *c, uint64_t gpa, uint64_t hpa, bool write)
{
	struct data_step *s = &c->step;

	if (!s->active && reusable(c, gpa, hpa, write)) {
		vcpu_set_view(s->view.hpa);
		s->active = true;
		return;
	}
	if (s->active && s->pages == STEP_PAGES) {
		/*
		 * Only restartable instructions touch more than STEP_PAGES pages: what such an
		 * instruction has written stands, and it goes on with the next pages.
		 */
		merge(c);
		close_pages(c);
	}
	/* A step of string I/O gets a step view only now, when it accesses a page that is not plain. */
	if (!s->active || !s->pages)
		close_pages(c);
	if (overlay_open(&s->view, gpa, hpa, write))
		cpu_park("no table to open page 0x%lx", gpa);
	s->page[s->pages].gpa = gpa;
	s->page[s->pages].hpa = hpa;
	s->page[s->pages++].write = write;
	s->active = true;
	vcpu_set_view(s->view.hpa);
	/* This CPU may have cached translations of an earlier step: each has the same root. */
	vcpu_flush_views();
}

void step_io(struct cpu *c)
{
	if (!c->step.active)
		c->step.pages = 0;
	c->step.active = true;
	c->step.io_redirected = true;
	c->step.io_dx = (uint16_t)c->regs[REG_RDX];
	c->regs[REG_RDX] = (c->regs[REG_RDX] & ~0xffffull) | UNDECODED_PORT;
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
	/* If the current view has changed since, rendezvous_requests() loads the new one. */
	if (c->generation == generation)
		vcpu_set_view(current);
}
