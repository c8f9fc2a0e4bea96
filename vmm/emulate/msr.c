/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulates MSR accesses that exit, by a table of rules, and rebuilds the views when the guest changes
 * memory types.
 */
#include "vmm/emulate/msr.h"
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "patcher/engine/views.h"
#include "vmm/mem/guest.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/mem/mtrr.h"
#include "vmm/spin.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"

#define KVM_PV_FIRST	0x4b564d00u
#define KVM_PV_LAST	0x4b564dffu
#define SYNTHETIC_FIRST	0x40000000u
#define SYNTHETIC_LAST	0x400000ffu

/* Rules for MSRs of every vendor's CPUs; vcpu_msr_rules() has those of one vendor. */
static const struct msr_rule common[] = {
	{ .first = MSR_APIC_BASE, .last = MSR_APIC_BASE, .write = true },
	{ .first = MSR_MTRR_PHYSBASE0, .last = 0x213, .write = true },
	{ .first = MSR_MTRR_FIX64K, .last = MSR_MTRR_FIX64K, .write = true },
	{ .first = 0x258, .last = 0x259, .write = true },
	{ .first = 0x268, .last = 0x26f, .write = true },
	{ .first = MSR_MTRR_DEF_TYPE, .last = MSR_MTRR_DEF_TYPE, .write = true },
	/* a hypervisor below Subtext has its own MSRs here; no MSR bitmap covers these numbers */
	{ .first = KVM_PV_FIRST, .last = KVM_PV_LAST, .hidden = true },
	{ .first = SYNTHETIC_FIRST, .last = SYNTHETIC_LAST, .hidden = true },
};

#define NCOMMON	(sizeof(common) / sizeof(common[0]))

static struct mtrr_map mtrrs;
static struct spin mtrr_lock;
static bool retype_wanted;

static const struct msr_rule *find_in(const struct msr_rule *rules, unsigned int n, uint32_t msr)
{
	for (const struct msr_rule *r = rules; r < rules + n; r++)
		if (msr >= r->first && msr <= r->last)
			return r;
	return NULL;
}

/* Returns the rule for an MSR, or an empty rule, which changes nothing. */
static struct msr_rule rule_of(uint32_t msr)
{
	unsigned int n;
	const struct msr_rule *of_vendor = vcpu_msr_rules(&n);
	const struct msr_rule *r = find_in(common, NCOMMON, msr);

	r = r ? r : find_in(of_vendor, n, msr);
	return r ? *r : (struct msr_rule){ 0 };
}

static void intercept(const struct msr_rule *rules, unsigned int n)
{
	for (const struct msr_rule *r = rules; r < rules + n; r++)
		for (uint32_t m = r->first; (r->read || r->write) && m <= r->last; m++)
			vcpu_intercept_msr(m, r->read, r->write);
}

void msr_init(void)
{
	unsigned int n;
	const struct msr_rule *of_vendor = vcpu_msr_rules(&n);

	intercept(common, NCOMMON);
	intercept(of_vendor, n);
}

bool msr_read(uint32_t msr, uint64_t *v)
{
	struct msr_rule r = rule_of(msr);

	if (r.hidden || !rdmsr_safe(msr, v))
		return false;
	*v = (*v | r.ones) & ~r.zeros;
	return true;
}

/* Makes a later slice of the session call msr_retype() again. */
static void retype_later(void)
{
	/* Relaxed, pairs with msr_retype(): mtrr_lock orders the values of the registers. */
	__atomic_store_n(&retype_wanted, true, __ATOMIC_RELAXED);
}

/* Writes the register; the next session slice rebuilds the views if the value changed. */
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
	uint64_t *slot = mtrr_slot(&mtrrs, msr), forced;
	struct msr_rule r = rule_of(msr);

	if (r.hidden || r.read_only)
		return false;
	if (r.ignore)
		return true;
	/* With the APIC page over the hypervisor's memory, root mode's accesses would reach the APIC. */
	if (msr == MSR_APIC_BASE && guest_hidden(v & APIC_BASE_ADDR))
		return false;
	/* The guest cannot change a bit whose value the rule makes up: the register keeps its own. */
	forced = r.ones | r.zeros;
	if (forced)
		v = (v & ~forced) | (rdmsr(msr) & forced);
	return slot ? write_mtrr(slot, msr, v) : wrmsr_safe(msr, v);
}

const struct mtrr_map *msr_read_mtrrs(void)
{
	uint64_t *slot;

	mtrrs.phys_bits = boot_info.phys_bits;
	/* Read first: it says which of the other registers exist. */
	mtrrs.cap = rdmsr(MSR_MTRRCAP);
	for (const struct msr_rule *r = common; r < common + NCOMMON; r++)
		for (uint32_t m = r->first; m <= r->last; m++)
			if ((slot = mtrr_slot(&mtrrs, m)))
				*slot = rdmsr(m);
	return &mtrrs;
}

void msr_retype(void)
{
	struct mtrr_map map;
	view_t base;

	/* Relaxed, pairs with retype_later(). */
	if (!__atomic_exchange_n(&retype_wanted, false, __ATOMIC_RELAXED))
		return;
	spin_lock(&mtrr_lock);
	map = mtrrs;
	spin_unlock(&mtrr_lock);
	/* Wait while the guest has the MTRRs off to change them, and while the views change already. */
	if (!(map.def_type & MTRR_ENABLE) || engine_busy() || !machine_spread_done()) {
		retype_later();
		return;
	}
	base = machine_make_base(&map);
	if (!base) {
		log_line(LOG_ERROR, "the guest changed memory types, but no memory is left for new views: "
			 "the old types stay");
		return;
	}
	if (engine_rebase(base)) {
		view_put(base);
		retype_later();
		return;
	}
	machine_set_base(base);
	log_line(LOG_INFO, "the guest changed memory types; the views were rebuilt");
}
