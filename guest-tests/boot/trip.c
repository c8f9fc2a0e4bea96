/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the launch fail half way: puts itself before the firmware's
 * StartupAllAPs(), and when it is called for the second time (the first is the
 * loader's check) locks VMX off on the CPU with the highest APIC ID before that
 * CPU runs the loader's procedure. Starts Subtext as \EFI\subtext\subtext.efi.
 */
#include <efi.h>
#include <efilib.h>
#include "boot/cpu_asm.h"
#include "boot/cpus.h"
#include "guest-tests/boot/start_subtext.h"
#include "vmm/vmx/caps.h"
#include "vmm/vmx/msrs.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

struct call {
	mp_procedure procedure;
	void *arg;
	UINT32 victim;
};

static EFI_STATUS (EFIAPI *real_startup_all)(struct mp_services *mp, mp_procedure procedure,
					     BOOLEAN one_by_one, EFI_EVENT event,
					     UINTN timeout_us, void *arg, UINTN **failed);
static UINTN calls;

static void EFIAPI locked(void *arg)
{
	struct call *call = arg;

	if (cpuid(1, 0).ebx >> 24 == call->victim)
		wrmsr(MSR_FEATURE_CONTROL, FEATURE_LOCK);
	call->procedure(call->arg);
}

static EFI_STATUS EFIAPI startup_all(struct mp_services *mp, mp_procedure procedure,
				     BOOLEAN one_by_one, EFI_EVENT event, UINTN timeout_us,
				     void *arg, UINTN **failed)
{
	struct call call = { procedure, arg, 0 };
	UINTN total = 1, enabled;

	if (++calls != 2)
		return real_startup_all(mp, procedure, one_by_one, event, timeout_us, arg, failed);
	mp->get_number(mp, &total, &enabled);
	call.victim = (UINT32)total - 1;
	return real_startup_all(mp, locked, one_by_one, event, timeout_us, &call, failed);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_GUID guid = MP_SERVICES_GUID;
	struct mp_services *mp;
	EFI_STATUS status;

	InitializeLib(image, table);
	status = BS->LocateProtocol(&guid, NULL, (void **)&mp);
	if (EFI_ERROR(status))
		return status;
	real_startup_all = mp->startup_all;
	mp->startup_all = startup_all;
	Print(L"trip: set\r\n");
	status = start_subtext(image);
	mp->startup_all = real_startup_all;
	return status;
}
