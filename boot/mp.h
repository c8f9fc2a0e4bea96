/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EFI_MP_SERVICES_PROTOCOL, which GNU-EFI does not declare. UEFI Platform
 * Initialization Specification, volume 2, "MP Services Protocol".
 */
#ifndef BOOT_MP_H
#define BOOT_MP_H

#include <efi.h>

#define MP_SERVICES_GUID \
	{ 0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 } }

#define MP_IS_BSP	1u
#define MP_IS_ENABLED	2u
#define MP_IS_HEALTHY	4u

struct mp_processor {
	UINT64 processor_id;		/* local APIC ID */
	UINT32 status;
	UINT32 package, core, thread;
	UINT32 extended[6];		/* written only by firmware that is asked for it */
};

struct mp_services;

/* Runs on an AP with the firmware's page tables, interrupts off, a small stack. */
typedef void (EFIAPI *mp_procedure)(void *arg);

struct mp_services {
	EFI_STATUS (EFIAPI *get_number)(struct mp_services *mp, UINTN *total, UINTN *enabled);
	EFI_STATUS (EFIAPI *get_info)(struct mp_services *mp, UINTN number,
				      struct mp_processor *out);
	EFI_STATUS (EFIAPI *startup_all)(struct mp_services *mp, mp_procedure procedure,
					 BOOLEAN one_by_one, EFI_EVENT event, UINTN timeout_us,
					 void *arg, UINTN **failed);
	EFI_STATUS (EFIAPI *startup_this)(struct mp_services *mp, mp_procedure procedure,
					  UINTN number, EFI_EVENT event, UINTN timeout_us,
					  void *arg, BOOLEAN *finished);
	EFI_STATUS (EFIAPI *switch_bsp)(struct mp_services *mp, UINTN number, BOOLEAN enable_old);
	EFI_STATUS (EFIAPI *enable_disable)(struct mp_services *mp, UINTN number, BOOLEAN enable,
					    UINT32 *healthy);
	EFI_STATUS (EFIAPI *who_am_i)(struct mp_services *mp, UINTN *number);
};

#endif
