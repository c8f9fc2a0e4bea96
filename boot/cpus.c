/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the CPUs through the firmware's MP services and checks each. A CPU
 * writes its own record, at the next free place, so nothing depends on how the
 * firmware counts.
 */
#include <efi.h>
#include <efilib.h>
#include "boot/console.h"
#include "boot/cpu_asm.h"
#include "boot/cpus.h"

#define CHECK_SECONDS		10u

static uint32_t apic_id(void)
{
	uint32_t max = cpuid(0, 0).eax;

	/* These leaves have all 32 bits of the APIC ID. EBX is 0 if the CPU does not have the leaf. */
	if (max >= 0x1f && cpuid(0x1f, 0).ebx)
		return cpuid(0x1f, 0).edx;
	if (max >= 0xb && cpuid(0xb, 0).ebx)
		return cpuid(0xb, 0).edx;
	return cpuid(1, 0).ebx >> 24;
}

/* Without leaf 80000008H a CPU has 36 bits (SDM 2A, CPUID). */
static uint32_t phys_bits(void)
{
	if (cpuid(0x80000000, 0).eax < 0x80000008)
		return 36;
	return cpuid(0x80000008, 0).eax & 0xff;
}

static void read_this_cpu(struct cpus *c, uint32_t i)
{
	c->cpu[i] = (struct cpu_record){
		.apic_id = apic_id(), .phys_bits = phys_bits(), .la57 = read_cr4() & CR4_LA57,
	};
	c->vendor->read_this(i);
}

static void EFIAPI check_ap(void *arg)
{
	struct cpus *c = arg;
	/* Relaxed: each AP needs only a number of its own. The boot CPU reads after startup_all(). */
	uint32_t i = __atomic_fetch_add(&c->count, 1, __ATOMIC_RELAXED);

	if (i < MAX_CPUS)
		read_this_cpu(c, i);
}

/*
 * Subtext does not start if the firmware keeps a CPU disabled: that CPU cannot be
 * checked or launched, and an operating system could start it later, outside of
 * Subtext, with all of memory in its reach.
 */
static bool refuse_disabled(struct cpus *c, UINTN total)
{
	for (UINTN i = 0; i < total; i++) {
		struct mp_processor info = { 0 };

		if (c->mp->get_info(c->mp, i, &info) != EFI_SUCCESS)
			continue;
		if (!(info.status & MP_IS_HEALTHY))
			return refuse(L"the firmware says that the CPU with APIC ID %d is not healthy",
				      (UINT32)info.processor_id);
		if (!(info.status & MP_IS_ENABLED))
			return refuse(L"the firmware keeps the CPU with APIC ID %d disabled, "
				      L"and it could be started later without Subtext",
				      (UINT32)info.processor_id);
	}
	return refuse(L"the firmware keeps a CPU disabled");
}

static bool visit_others(struct cpus *c)
{
	UINTN total = 1, enabled = 1;
	EFI_STATUS status = c->mp->get_number(c->mp, &total, &enabled);

	if (EFI_ERROR(status))
		return refuse(L"the firmware does not say how many CPUs there are (%r)", status);
	if (total > MAX_CPUS)
		return refuse(L"there are %d CPUs, and Subtext handles %d at most", (UINT32)total,
			      MAX_CPUS);
	if (enabled < total)
		return refuse_disabled(c, total);
	if (total == 1)
		return true;
	status = cpus_run_others(c, check_ap, CHECK_SECONDS, c);
	if (EFI_ERROR(status))
		return refuse(L"the firmware cannot start the other CPUs (%r)", status);
	if (c->count != total)
		return refuse(L"%d of %d CPUs answered", c->count, (UINT32)total);
	return true;
}

static bool judge(const struct cpus *c, uint32_t i)
{
	const struct cpu_record *cpu = &c->cpu[i];
	const char *missing;

	/* Comes first: root mode's page tables have four levels, a CPU with five cannot load them. */
	if (cpu->la57)
		return refuse(L"the firmware uses 5-level paging, which Subtext does not support");
	missing = c->vendor->missing(i);
	if (missing && i == 0)
		return refuse(L"%a", missing);
	if (missing)
		return refuse(L"on the CPU with APIC ID %d, %a", cpu->apic_id, missing);
	/* All CPUs share what root mode sets up on the boot CPU. */
	if (cpu->phys_bits != c->cpu[0].phys_bits || !c->vendor->alike(i, 0))
		return refuse(L"the CPU with APIC ID %d has other virtualization features "
			      L"than the boot CPU", cpu->apic_id);
	return true;
}

bool cpus_check(struct cpus *c)
{
	EFI_GUID guid = MP_SERVICES_GUID;

	c->count = 1;
	if (EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&c->mp)))
		c->mp = NULL;
	c->vendor = vendor_find();
	read_this_cpu(c, 0);
	/* If the boot CPU fails, do not wake the others: the message then needs no APIC ID. */
	if (!judge(c, 0))
		return false;
	if (c->mp && !visit_others(c))
		return false;
	for (uint32_t i = 1; i < c->count; i++)
		if (!judge(c, i))
			return false;
	return true;
}

EFI_STATUS cpus_run_others(struct cpus *c, mp_procedure procedure, unsigned int seconds, void *arg)
{
	return c->mp->startup_all(c->mp, procedure, FALSE, NULL, seconds * 1000000ull, arg, NULL);
}

uint32_t cpus_self(const struct cpus *c)
{
	uint32_t id = apic_id(), i = 0;

	while (i < c->count && c->cpu[i].apic_id != id)
		i++;
	return i;
}
