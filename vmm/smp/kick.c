/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes kicks, sends them, and tells them apart from the guest's own NMIs when they land. kick_tsc,
 * kick_sent and kick_seen are relaxed: apic_send_nmi() makes all earlier stores visible before the
 * NMI goes out, so the CPU that takes the NMI finds the kick and the request it stands for.
 */
#include "vmm/smp/kick.h"
#include "vmm/smp/apic.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"

#define RESEND_MS	25u
#define SKEW_MS		1000u	/* a kick noted further ahead than this counts as old */

/*
 * Notes a kick for @t. Returns false if a kick is on its way, or another CPU notes one at this moment: a
 * second NMI for the same request would look like the guest's own. A kick that has not landed after
 * RESEND_MS counts as lost (INIT drops a pending NMI); a delay, as by a hypervisor below, is shorter.
 * kick_tsc may come from a CPU whose TSC is ahead.
 */
static bool note_kick(struct cpu *t, uint64_t now)
{
	uint64_t was = __atomic_load_n(&t->kick_tsc, __ATOMIC_RELAXED);
	uint32_t seen = __atomic_load_n(&t->kick_seen, __ATOMIC_RELAXED);
	uint32_t sent = __atomic_load_n(&t->kick_sent, __ATOMIC_RELAXED);
	int64_t age = (int64_t)(now - was);

	if (sent != seen && age > -(int64_t)ticks_ms(SKEW_MS) && age < (int64_t)ticks_ms(RESEND_MS))
		return false;
	if (!__atomic_compare_exchange_n(&t->kick_tsc, &was, now, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return false;
	return __atomic_compare_exchange_n(&t->kick_sent, &sent, seen + 1, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

/* Sends the NMI of a noted kick. If this CPU's APIC is off, withdraws the kick. */
static void send_kick(struct cpu *t)
{
	if (!apic_send_nmi(boot_info.apic_id[t->index]))
		__atomic_sub_fetch(&t->kick_sent, 1, __ATOMIC_RELAXED);
}

void cpu_kick(struct cpu *t)
{
	if (note_kick(t, rdtsc()))
		send_kick(t);
}

/*
 * Does every other CPU take NMIs, with no kick on its way? A hint: note_kick() fails for a CPU that
 * another one kicks meanwhile.
 */
static bool can_kick_all(const struct cpu *self)
{
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		const struct cpu *c = cpu_get(i);
		enum cpu_mode mode = cpu_mode(c);

		if (c != self && ((mode != CPU_GUEST && mode != CPU_ROOT) ||
				  __atomic_load_n(&c->kick_seen, __ATOMIC_RELAXED) !=
				  __atomic_load_n(&c->kick_sent, __ATOMIC_RELAXED)))
			return false;
	}
	return true;
}

/*
 * Uses one broadcast NMI if every other CPU takes NMIs and this CPU has noted a kick for each of them:
 * an NMI without a kick would look like the guest's own. Otherwise sends one NMI to each CPU that is
 * in the guest.
 */
void kick_others(struct cpu *self)
{
	bool all = can_kick_all(self), noted[MAX_CPUS] = { false };
	uint64_t now = rdtsc();

	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);

		if (c == self || (!all && cpu_mode(c) != CPU_GUEST))
			continue;
		noted[i] = note_kick(c, now);
		all &= noted[i];
	}
	if (all && boot_info.cpus > 1 && apic_send_nmi_to_others())
		return;
	for (unsigned int i = 0; i < boot_info.cpus; i++)
		if (noted[i])
			send_kick(cpu_get(i));
}

void nmi_landed(struct cpu *c)
{
	/* pairs with note_kick() */
	uint32_t sent = __atomic_load_n(&c->kick_sent, __ATOMIC_RELAXED);

	if (c->kick_seen == sent) {
		/* the NMI before was a performance interrupt, taken for the kick; this one is the kick */
		bool kick = c->pmi_passed && rdtsc() - c->kick_tsc < ticks_ms(1);

		c->pmi_passed = false;
		c->nmi_pending |= !kick;
		return;
	}
	/* pairs with note_kick(): the next kick may be noted */
	__atomic_store_n(&c->kick_seen, sent, __ATOMIC_RELAXED);
	if (c->launched && !vcpu_nmi_under_way(c) && apic_pmi_unhandled())
		c->nmi_pending = c->pmi_passed = true;
}
