/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a firmware does whose owner switched VMX off: locks IA32_FEATURE_CONTROL
 * without it on every CPU, then starts Subtext as \EFI\subtext\subtext.efi.
 * Built with LOCK_ONLY_OTHERS it leaves the boot CPU's open.
 */
#include <efi.h>
#include <efilib.h>
#include "boot/cpu_asm.h"
#include "boot/cpus.h"
#include "guest-tests/boot/start_subtext.h"
#include "vmm/vmx/caps.h"
#include "vmm/vmx/msrs.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

static void EFIAPI lock_this(void *arg)
{
	(void)arg;
	if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_LOCK))
		wrmsr(MSR_FEATURE_CONTROL, FEATURE_LOCK);
}

static void lock_others(void)
{
	EFI_GUID guid = MP_SERVICES_GUID;
	struct mp_services *mp;

	if (!EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&mp)))
		mp->startup_all(mp, lock_this, FALSE, NULL, 10000000, NULL, NULL);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	InitializeLib(image, table);
	lock_others();
#ifndef LOCK_ONLY_OTHERS
	lock_this(NULL);
#endif
	Print(L"lock: done\r\n");
	return start_subtext(image);
}
