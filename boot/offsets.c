/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of C that boot/switch.asm uses; see vmm/offsets.h. */
#include "vmm/boot_info.h"
#include "vmm/offsets.h"
#include "vmm/x86.h"

static __attribute__((used)) void firmware(void)
{
	OFFSET(FW_RIP, firmware_state, rip);
	OFFSET(FW_RSP, firmware_state, rsp);
	OFFSET(FW_RFLAGS, firmware_state, rflags);
	OFFSET(FW_EFER, firmware_state, efer);
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
}
