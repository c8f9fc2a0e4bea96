/* SPDX-License-Identifier: GPL-2.0-only */
/* What the engine asks of the machine, but for guest memory (guest.c) and all CPUs (rendezvous.c). */
#include "vmm/machine.h"
#include "vmm/cpu.h"
#include "patcher/engine/cpus.h"
#include "patcher/engine/guest.h"
#include "vmm/mem/guest.h"
#include "vmm/spin.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"

#define CR3_USER_HALF	(1ull << 12)

static view_t base_view;
static struct spin engine_lock;

view_t machine_make_base(const struct mtrr_map *types)
{
	view_t v = view_identity(boot_info.phys_bits, types);

	if (!v)
		return 0;
	for (uint64_t p = 0; p < boot_info.size; p += PAGE_SIZE) {
		if (view_set(v, boot_info.phys + p, PAGE_HIDDEN, 0)) {
			view_put(v);
			return 0;
		}
	}
	return v;
}

void machine_set_base(view_t base)
{
	view_put(base_view);
	base_view = base;
}

view_t machine_base_view(void)
{
	return base_view;
}

/*
 * Walks the tables of this CPU's guest. Under page-table isolation CR3 in user mode, and at the
 * kernel's entries, names a root that maps little of the kernel; Linux keeps the kernel's own root
 * one page below, where bit 12 of CR3 is clear. Without isolation bit 12 means nothing. So the root
 * of CR3 is asked first, and its answer counts. Only where it maps nothing at @gva the root one page
 * below is asked, if it maps the anchor to the same page: then it is a root of this kernel, and not
 * a page of some process that lies there.
 */
static uint64_t walk(uint64_t gva, unsigned int stop, uint64_t *where, uint64_t *entry)
{
	uint64_t cr3 = vcpu_cr3(), kernel = cr3 & ~CR3_USER_HALF, at;
	unsigned int levels = vcpu_cr4() & CR4_LA57 ? 5 : 4;

	if (!vcpu_paging())
		return UINT64_MAX;
	if (!stop && (at = guest_walk(cr3, levels, gva, 0, where, entry)) != UINT64_MAX)
		return at;
	at = kernel == cr3 ? UINT64_MAX : guest_walk(kernel, levels, machine_anchor(), 0, where, entry);
	if (at != UINT64_MAX && at == guest_walk(cr3, levels, machine_anchor(), 0, where, entry))
		cr3 = kernel;
	return guest_walk(cr3, levels, gva, stop, where, entry);
}

int machine_translate(uint64_t gva, uint64_t *gpa)
{
	uint64_t where, entry;

	*gpa = walk(gva, 0, &where, &entry);
	return *gpa == UINT64_MAX ? -1 : 0;
}

int machine_guest_entry(uint64_t gva, unsigned int level, uint64_t *gpa, uint64_t *entry)
{
	return walk(gva, level, gpa, entry) ? -1 : 0;
}

uint64_t machine_anchor(void)
{
	return rdmsr(MSR_LSTAR);
}

uint64_t machine_annex_hpa(void)
{
	return boot_info.phys + boot_info.annex;
}

_Static_assert(ANNEX_SIZE == MACHINE_ANNEX_SIZE, "the loader reserves what the engine uses");

void *machine_annex_va(void)
{
	return (void *)(RESIDENT_VA + boot_info.annex);
}

uint64_t machine_tsc(void)
{
	return rdtsc();
}

uint64_t machine_tsc_hz(void)
{
	return boot_info.tsc_hz;
}

void machine_lock(void)
{
	spin_lock(&engine_lock);
}

void machine_unlock(void)
{
	spin_unlock(&engine_lock);
}
