/* SPDX-License-Identifier: GPL-2.0-only */
/* MSR accesses that exit: VMX is hidden, microcode stays, memory types are followed. */
#include "vmm/emulate/msr.h"
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "patcher/engine/views.h"
#include "vmm/mem/guest.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/mem/mtrr.h"
#include "vmm/smp/spin.h"
#include "vmm/vmx/exit.h"
#include "vmm/x86.h"

#define BITMAP_WRITE	2048u	/* offset of the write half */

#define MISC_ENABLE_HIDDEN	(3ull << 11)	/* no BTS, no PEBS */

#define KVM_PV_FIRST	0x4b564d00u
#define KVM_PV_LAST	0x4b564dffu
#define SYNTHETIC_FIRST	0x40000000u
#define SYNTHETIC_LAST	0x400000ffu

struct msr_range {
	uint32_t first, last;
	bool read, write;
	bool hidden;		/* the guest has no such MSR: any access gives #GP */
};

static const struct msr_range intercepted[] = {
	{ MSR_APIC_BASE,	MSR_APIC_BASE,		false,	true,	false },
	{ MSR_FEATURE_CONTROL,	MSR_FEATURE_CONTROL,	true,	true,	false },
	{ MSR_BIOS_UPDT_TRIG,	MSR_BIOS_UPDT_TRIG,	false,	true,	false },
	{ MSR_MTRR_PHYSBASE0,	0x213,			false,	true,	false },
	{ MSR_MTRR_FIX64K,	MSR_MTRR_FIX64K,	false,	true,	false },
	{ 0x258,		0x259,			false,	true,	false },
	{ 0x268,		0x26f,			false,	true,	false },
	{ MSR_MTRR_DEF_TYPE,	MSR_MTRR_DEF_TYPE,	false,	true,	false },
	{ MSR_MISC_ENABLE,	MSR_MISC_ENABLE,	true,	true,	false },
	{ MSR_VMX_FIRST,	MSR_VMX_LAST,		true,	true,	true },
	/* debug store and processor trace write to memory on their own, in root mode too */
	{ MSR_PEBS_ENABLE,	MSR_PEBS_ENABLE,	true,	true,	true },
	{ MSR_RTIT_FIRST,	MSR_RTIT_LAST,		true,	true,	true },
	{ MSR_DS_AREA,		MSR_DS_AREA,		true,	true,	true },
};

static struct mtrr_map mtrrs;
static struct spin mtrr_lock;
static bool retype_wanted;

static bool in(uint32_t msr, uint32_t first, uint32_t last)
{
	return msr >= first && msr <= last;
}

void msr_fill_bitmap(uint8_t *bitmap)
{
	for (unsigned int i = 0; i < sizeof(intercepted) / sizeof(intercepted[0]); i++) {
		const struct msr_range *r = &intercepted[i];

		for (uint32_t m = r->first; m <= r->last; m++) {
			if (r->read)
				bitmap[m / 8] |= (uint8_t)(1u << m % 8);
			if (r->write)
				bitmap[BITMAP_WRITE + m / 8] |= (uint8_t)(1u << m % 8);
		}
	}
}

/*
 * Not the guest's: what the table hides, and the paravirtual MSRs of a hypervisor
 * below, which no bitmap covers.
 */
static bool is_hidden(uint32_t msr)
{
	for (unsigned int i = 0; i < sizeof(intercepted) / sizeof(intercepted[0]); i++)
		if (intercepted[i].hidden && in(msr, intercepted[i].first, intercepted[i].last))
			return true;
	return in(msr, KVM_PV_FIRST, KVM_PV_LAST) || in(msr, SYNTHETIC_FIRST, SYNTHETIC_LAST);
}

bool msr_read(uint32_t msr, uint64_t *v)
{
	if (is_hidden(msr) || !rdmsr_safe(msr, v))
		return false;
	if (msr == MSR_FEATURE_CONTROL)
		*v &= ~6ull;	/* locked, and no VMX: bits 1 (in SMX) and 2 (outside) */
	if (msr == MSR_MISC_ENABLE)
		*v |= MISC_ENABLE_HIDDEN;
	return true;
}

/* Not now: look again at a later slice. */
static void retype_later(void)
{
	__atomic_store_n(&retype_wanted, true, __ATOMIC_RELEASE);
}

/* The register keeps the guest's value; views follow at the next session slice. */
static bool write_mtrr(uint64_t *slot, uint32_t msr, uint64_t v)
{
	if (!wrmsr_safe(msr, v))
		return false;
	spin_lock(&mtrr_lock);
	if (*slot != v) {
		*slot = v;
		retype_later();
	}
	spin_unlock(&mtrr_lock);
	return true;
}

bool msr_write(uint32_t msr, uint64_t v)
{
	uint64_t *slot = mtrr_slot(&mtrrs, msr);

	if (is_hidden(msr) || msr == MSR_FEATURE_CONTROL)
		return false;
	/* an APIC page on top of our memory would take root mode's accesses to it */
	if (msr == MSR_APIC_BASE && guest_hidden(v & APIC_BASE_ADDR))
		return false;
	/* two bits read as we say, and are written as they are */
	if (msr == MSR_MISC_ENABLE)
		v = (v & ~MISC_ENABLE_HIDDEN) | (rdmsr(msr) & MISC_ENABLE_HIDDEN);
	if (msr == MSR_BIOS_UPDT_TRIG)
		return true;	/* does nothing in non-root mode: the running revision stays */
	return slot ? write_mtrr(slot, msr, v) : wrmsr_safe(msr, v);
}

void msr_read_mtrrs(struct mtrr_map *map, unsigned int phys_bits)
{
	uint64_t cap = rdmsr(MSR_MTRRCAP);
	unsigned int n = cap & 0xff;

	map->cap = cap;
	map->phys_bits = phys_bits;
	map->def_type = rdmsr(MSR_MTRR_DEF_TYPE);
	for (unsigned int i = 0; i < 11 && (cap & (1u << 8)); i++)
		map->fixed[i] = rdmsr(mtrr_fixed_msr(i));
	for (unsigned int i = 0; i < n && i < MTRR_MAX_VARIABLE; i++) {
		map->base[i] = rdmsr(MSR_MTRR_PHYSBASE0 + 2 * i);
		map->mask[i] = rdmsr(MSR_MTRR_PHYSBASE0 + 2 * i + 1);
	}
	mtrrs = *map;
}

void msr_retype(void)
{
	struct mtrr_map map;
	view_t base;

	if (!__atomic_exchange_n(&retype_wanted, false, __ATOMIC_ACQ_REL))
		return;
	spin_lock(&mtrr_lock);
	map = mtrrs;
	spin_unlock(&mtrr_lock);
	/* systems switch all MTRRs off while they change some; and the engine does one thing at a time */
	if (!(map.def_type & MTRR_ENABLE) || engine_busy() || !machine_spread_done()) {
		retype_later();
		return;
	}
	base = machine_make_base(&map);
	if (!base) {
		log_line(LOG_ERROR, "memory types changed, but no memory for new tables: the old types stay");
		return;
	}
	if (engine_rebase(base)) {
		view_put(base);
		retype_later();
		return;
	}
	machine_set_base(base);
	log_line(LOG_INFO, "memory types changed: views follow");
}
