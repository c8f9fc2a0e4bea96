/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puts every CPU under the hypervisor, or none.
 *
 * The boot CPU goes first. Then the firmware wakes the others, once, and they go
 * one after the other, under a lock. A launched CPU waits in the same procedure
 * until the last one is launched or one has failed; in the second case it leaves
 * the hypervisor by itself. So the firmware sends INIT and SIPI to no launched CPU
 * before all are launched, and undoing a launch needs no second wake-up.
 */
#include <efi.h>
#include <efilib.h>
#include "boot/capture.h"
#include "boot/console.h"
#include "boot/cpu_asm.h"
#include "boot/launch.h"
#include "boot/switch.h"

/* A CPU must give up well before the firmware ends the procedure for all. */
#define WAIT_SECONDS		5u
#define FIRMWARE_SECONDS	30u

enum verdict {
	OPEN,
	KEEP,
	UNDO,
};

struct launch {
	struct cpus *cpus;
	/* Copies, because a launched CPU reads the run, with boot_info in it, as zeros. */
	uint64_t cr3, entry, worlds, world_size, patience;
	uint32_t lock;
	uint32_t launched;	/* how many APs are launched */
	uint32_t back;		/* how many APs have reached the end of launch_ap() */
	uint32_t verdict;
	uint32_t failed_cpu;	/* the CPU that caused UNDO */
	uint64_t failed_status;
};

static const CHAR16 *find_text(const struct status_text *table, uint64_t status)
{
	while (table->text && table->status != status)
		table++;
	return table->text;
}

static const CHAR16 *status_text(const struct launch *l, uint64_t status)
{
	static const struct status_text texts[] = {
		{ RESIDENT_NO_MEMORY, L"its reserved memory is too small" },
		{ STATUS_TIMEOUT, L"it waited too long for the other CPUs" },
		{ STATUS_UNKNOWN, L"it was not there before" },
		{ 0, NULL },
	};
	const CHAR16 *text = find_text(texts, status);

	if (!text)
		text = find_text(l->cpus->vendor->texts, status);
	return text ? text : L"the resident image gave an unknown answer";
}

/* Calls root mode. @arg is the CPU's number for RESIDENT_LAUNCH, and 0 for RESIDENT_INIT (boot CPU). */
static uint64_t call(const struct launch *l, enum resident_op op, uint32_t arg)
{
	struct firmware_state *fw = (struct firmware_state *)(l->worlds + arg * l->world_size);

	capture_firmware(fw);
	return resident_call(l->cr3, l->entry, op, arg, fw);
}

static uint64_t launch_this(const struct launch *l, uint32_t cpu)
{
	if (!l->cpus->vendor->allow_this())
		return STATUS_NOT_ALLOWED;
	return call(l, RESIDENT_LAUNCH, cpu);
}

/* Pairs with decide(): a CPU that reads KEEP knows that all CPUs are launched. */
static uint32_t verdict(const struct launch *l)
{
	return __atomic_load_n(&l->verdict, __ATOMIC_ACQUIRE);
}

/*
 * Decides, unless there is a verdict already; pairs with verdict(). The boot CPU reads failed_cpu and
 * failed_status after the firmware has run the procedure on all CPUs.
 */
static void decide(struct launch *l, enum verdict v, uint32_t cpu, uint64_t status)
{
	uint32_t open = OPEN;

	if (!__atomic_compare_exchange_n(&l->verdict, &open, v, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return;
	l->failed_cpu = cpu;
	l->failed_status = status;
}

static bool expired(const struct launch *l, uint64_t start)
{
	return rdtsc() - start > l->patience;
}

/* Returns false if there is a verdict before this CPU's turn comes. */
static bool take_turn(struct launch *l, uint32_t cpu, uint64_t start)
{
	while (verdict(l) == OPEN) {
		/* pairs with the release in go() */
		if (!__atomic_exchange_n(&l->lock, 1, __ATOMIC_ACQUIRE))
			return true;
		if (expired(l, start))
			decide(l, UNDO, cpu, STATUS_TIMEOUT);
		cpu_relax();
	}
	return false;
}

/* Returns true if this CPU is launched. */
static bool go(struct launch *l, uint32_t cpu, uint64_t start)
{
	uint64_t status = RESIDENT_LAUNCH_FAILED;

	if (!take_turn(l, cpu, start))
		return false;
	if (verdict(l) == OPEN) {
		status = launch_this(l, cpu);
		if (status != RESIDENT_OK)
			decide(l, UNDO, cpu, status);
	}
	/* pairs with take_turn() */
	__atomic_store_n(&l->lock, 0, __ATOMIC_RELEASE);
	return status == RESIDENT_OK;
}

static void wait_for_others(struct launch *l, uint32_t cpu, uint64_t start)
{
	/* pairs with itself on the other APs: the last one decides after all launches */
	if (__atomic_add_fetch(&l->launched, 1, __ATOMIC_ACQ_REL) == l->cpus->count - 1)
		decide(l, KEEP, cpu, RESIDENT_OK);
	while (verdict(l) == OPEN) {
		if (expired(l, start))
			decide(l, UNDO, cpu, STATUS_TIMEOUT);
		cpu_relax();
	}
}

static void EFIAPI launch_ap(void *arg)
{
	struct launch *l = arg;
	uint32_t cpu = cpus_self(l->cpus);
	uint64_t start = rdtsc();

	if (cpu == l->cpus->count || cpu == 0) {
		decide(l, UNDO, cpu, STATUS_UNKNOWN);
	} else if (go(l, cpu, start)) {
		wait_for_others(l, cpu, start);
		if (verdict(l) == UNDO)
			resident_undo(l->cpus->vendor->call);
	}
	/* pairs with the load in launch_all(): this CPU no longer uses the run */
	__atomic_add_fetch(&l->back, 1, __ATOMIC_RELEASE);
}

static bool refuse_cpu(const struct launch *l, uint32_t cpu, uint64_t status)
{
	if (cpu >= l->cpus->count)
		return refuse(L"a CPU could not be launched: %s", status_text(l, status));
	return refuse(L"the CPU with APIC ID %d could not be launched: %s",
		      l->cpus->cpu[cpu].apic_id, status_text(l, status));
}

/* Launches all other CPUs, or undoes it. Returns true if they are launched and stay so. */
static bool launch_others(struct launch *l)
{
	EFI_STATUS status;

	if (l->cpus->count == 1)
		return true;
	status = cpus_run_others(l->cpus, launch_ap, FIRMWARE_SECONDS, l);
	if (verdict(l) == KEEP)
		return true;
	if (verdict(l) == UNDO)
		return refuse_cpu(l, l->failed_cpu, l->failed_status);
	decide(l, UNDO, 0, STATUS_TIMEOUT);
	return refuse(L"the firmware could not start the other CPUs (%r)", status);
}

enum launch_result launch_all(struct cpus *cpus, const struct boot_info *info, uint64_t entry,
			      uint64_t world_size)
{
	/* Not on the stack: a CPU that the firmware gave up may still write to it later. */
	static struct launch l;
	uint64_t status;

	l = (struct launch){
		.cpus = cpus, .cr3 = info->cr3, .entry = entry,
		.worlds = info->phys + info->worlds, .world_size = world_size,
		.patience = info->tsc_hz * WAIT_SECONDS,
	};
	status = call(&l, RESIDENT_INIT, 0);
	if (status != RESIDENT_OK) {
		refuse(L"the hypervisor could not be set up: %s", status_text(&l, status));
		return LAUNCH_NONE;
	}
	status = launch_this(&l, 0);
	if (status != RESIDENT_OK) {
		refuse_cpu(&l, 0, status);
		return LAUNCH_NONE;
	}
	if (launch_others(&l)) {
		cpus->vendor->call(RESIDENT_CALL_SEAL);
		return LAUNCH_ALL;
	}
	resident_undo(cpus->vendor->call);
	/* pairs with launch_ap(): the memory is given back only if no CPU uses it any more */
	return __atomic_load_n(&l.back, __ATOMIC_ACQUIRE) == cpus->count - 1 ? LAUNCH_NONE :
									       LAUNCH_LOST;
}
