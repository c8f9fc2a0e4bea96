/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of C that boot/switch.asm uses; see vmm/offsets.h. */
#include "vmm/boot_info.h"
#include "vmm/offsets.h"
#include "vmm/x86.h"

static __attribute__((used)) void firmware(void)
{
	OFFSET(FW_RIP, firmware_state, rip);
	OFFSET(FW_RSP, firmware_state, rsp);
	OFFSET(FW_CR0, firmware_state, cr0);
	OFFSET(FW_CR3, firmware_state, cr3);
	OFFSET(FW_CR4, firmware_state, cr4);
	OFFSET(FW_RFLAGS, firmware_state, rflags);
	OFFSET(FW_EFER, firmware_state, efer);
	OFFSET(FW_GDTR, firmware_state, gdtr);
	OFFSET(FW_IDTR, firmware_state, idtr);
	OFFSET(FW_CS, firmware_state, cs);
	OFFSET(FW_SS, firmware_state, ss);
	OFFSET(FW_DS, firmware_state, ds);
	OFFSET(FW_ES, firmware_state, es);
	OFFSET(FW_FS, firmware_state, fs);
	OFFSET(FW_GS, firmware_state, gs);
	OFFSET(FW_TR, firmware_state, tr);
	OFFSET(FW_LDTR, firmware_state, ldtr);
}

static __attribute__((used)) void registers(void)
{
	NUMBER(MSR_FS_BASE);
	NUMBER(MSR_GS_BASE);
	NUMBER(MSR_EFER);
	NUMBER(EFER_NXE);
}

static __attribute__((used)) void calls(void)
{
	NUMBER(RESIDENT_CALL_UNDO);
	NUMBER(RESIDENT_CALL_SEAL);
}
