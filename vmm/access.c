/* SPDX-License-Identifier: GPL-2.0-only */
/* Handles guest accesses to pages that are not plain: chooses the page that an instruction may reach. */
#include "vmm/access.h"
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/mem/guest.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"
#include "patcher/engine/engine.h"
#include "patcher/wire/mem.h"

/* Returns a scratch page that holds a copy of @from (or zeros); what is written there is discarded. */
static uint64_t scratch_page(struct cpu *c, uint64_t from)
{
	uint8_t *scratch = (uint8_t *)c + WORLD_SCRATCH * PAGE_SIZE;

	if (from)
		memcpy(scratch, (void *)(from - boot_info.phys + RESIDENT_VA), PAGE_SIZE);
	else
		memset(scratch, 0, PAGE_SIZE);
	return resident_hpa(scratch);
}

/*
 * Handles an access to root mode's memory or to an annex page that is not in use: reads give zeros,
 * writes are counted and discarded.
 */
static void hidden_access(struct cpu *c, uint64_t page, bool write)
{
	c->hidden_writes += write;
	/* The page is executable too: the guest may execute zeros (ADD [RAX], AL) that write to it. */
	step_open(c, page, write ? scratch_page(c, 0) : view_zero_page, write);
}

static void payload_data_fetch(struct cpu *c, uint64_t gva)
{
	uint32_t error = PF_PRESENT | PF_FETCH | (vcpu_cpl() == 3 ? PF_USER : 0);

	log_line(LOG_WARNING, "instruction fetch from patch data at 0x%lx refused with #PF", gva);
	write_cr(2, gva);
	vcpu_inject(c, VECTOR_PF, error);
}

/* Has the view changed since the access, so that the guest need only try it again? */
static bool allowed_by_now(const struct cpu *c, uint64_t gpa, unsigned int access)
{
	uint64_t generation;
	view_t view = rendezvous_view(&generation);

	return view_allows(view, gpa, access) || c->generation != generation;
}

bool access_refused(struct cpu *c, uint64_t gpa, uint64_t gva, unsigned int access)
{
	uint64_t page = gpa & PAGE_MASK;
	bool write = access & ACCESS_WRITE;

	switch (engine_page(page)) {
	case ENGINE_PAGE_GUARDED:
		step_open(c, page, page, write);
		return true;
	case ENGINE_PAGE_ANNEX_TEXT:
		step_open(c, page, write ? scratch_page(c, page) : page, write);
		return true;
	case ENGINE_PAGE_ANNEX_DATA:
		if (access & ACCESS_FETCH)
			payload_data_fetch(c, gva);
		return true;
	case ENGINE_PAGE_ANNEX_FREE:
		break;
	case ENGINE_PAGE_NONE:
		if (!guest_hidden(page))
			return allowed_by_now(c, gpa, access);
		break;
	}
	hidden_access(c, page, write);
	return true;
}
