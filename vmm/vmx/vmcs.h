/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The numbers of the SDM that Subtext uses: VMCS field encodings (3D appendix B), controls
 * (3C chapter 25), exit reasons (3D appendix C).
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include <stdbool.h>
#include <stdint.h>

enum vmcs_field {
	VPID				= 0x0000,

	GUEST_ES_SELECTOR		= 0x0800,	/* then CS SS DS FS GS LDTR TR, steps of 2 */
	GUEST_CS_SELECTOR		= 0x0802,

	HOST_ES_SELECTOR		= 0x0c00,
	HOST_CS_SELECTOR		= 0x0c02,
	HOST_SS_SELECTOR		= 0x0c04,
	HOST_DS_SELECTOR		= 0x0c06,
	HOST_FS_SELECTOR		= 0x0c08,
	HOST_GS_SELECTOR		= 0x0c0a,
	HOST_TR_SELECTOR		= 0x0c0c,

	IO_BITMAP_A			= 0x2000,
	IO_BITMAP_B			= 0x2002,
	MSR_BITMAP			= 0x2004,
	XSS_EXITING_BITMAP		= 0x202c,
	EPT_POINTER			= 0x201a,
	GUEST_PHYSICAL_ADDRESS		= 0x2400,
	VMCS_LINK_POINTER		= 0x2800,
	GUEST_IA32_DEBUGCTL		= 0x2802,
	GUEST_IA32_PAT			= 0x2804,
	GUEST_IA32_EFER			= 0x2806,
	HOST_IA32_PAT			= 0x2c00,
	HOST_IA32_EFER			= 0x2c02,

	PIN_BASED_CONTROLS		= 0x4000,
	PROC_BASED_CONTROLS		= 0x4002,
	EXCEPTION_BITMAP		= 0x4004,
	PAGE_FAULT_ERROR_CODE_MASK	= 0x4006,
	PAGE_FAULT_ERROR_CODE_MATCH	= 0x4008,
	CR3_TARGET_COUNT		= 0x400a,
	EXIT_CONTROLS			= 0x400c,
	EXIT_MSR_STORE_COUNT		= 0x400e,
	EXIT_MSR_LOAD_COUNT		= 0x4010,
	ENTRY_CONTROLS			= 0x4012,
	ENTRY_MSR_LOAD_COUNT		= 0x4014,
	ENTRY_INTERRUPTION_INFO		= 0x4016,
	ENTRY_EXCEPTION_ERROR_CODE	= 0x4018,
	ENTRY_INSTRUCTION_LENGTH	= 0x401a,
	PROC_BASED_CONTROLS2		= 0x401e,

	VM_INSTRUCTION_ERROR		= 0x4400,
	EXIT_REASON			= 0x4402,
	EXIT_INTERRUPTION_INFO		= 0x4404,
	EXIT_INTERRUPTION_ERROR_CODE	= 0x4406,
	IDT_VECTORING_INFO		= 0x4408,
	IDT_VECTORING_ERROR_CODE	= 0x440a,
	EXIT_INSTRUCTION_LENGTH		= 0x440c,

	GUEST_ES_LIMIT			= 0x4800,	/* same order as the selectors */
	GUEST_CS_LIMIT			= 0x4802,
	GUEST_GDTR_LIMIT		= 0x4810,
	GUEST_IDTR_LIMIT		= 0x4812,
	GUEST_ES_ACCESS_RIGHTS		= 0x4814,
	GUEST_CS_ACCESS_RIGHTS		= 0x4816,
	GUEST_SS_ACCESS_RIGHTS		= 0x4818,
	GUEST_LDTR_ACCESS_RIGHTS	= 0x4820,
	GUEST_TR_ACCESS_RIGHTS		= 0x4822,
	GUEST_INTERRUPTIBILITY		= 0x4824,
	GUEST_ACTIVITY_STATE		= 0x4826,
	GUEST_SYSENTER_CS		= 0x482a,
	PREEMPTION_TIMER_VALUE		= 0x482e,

	HOST_SYSENTER_CS		= 0x4c00,

	CR0_GUEST_HOST_MASK		= 0x6000,
	CR4_GUEST_HOST_MASK		= 0x6002,
	CR0_READ_SHADOW			= 0x6004,
	CR4_READ_SHADOW			= 0x6006,

	EXIT_QUALIFICATION		= 0x6400,
	GUEST_LINEAR_ADDRESS		= 0x640a,

	GUEST_CR0			= 0x6800,
	GUEST_CR3			= 0x6802,
	GUEST_CR4			= 0x6804,
	GUEST_ES_BASE			= 0x6806,	/* same order as the selectors */
	GUEST_CS_BASE			= 0x6808,
	GUEST_GDTR_BASE			= 0x6816,
	GUEST_IDTR_BASE			= 0x6818,
	GUEST_DR7			= 0x681a,
	GUEST_RSP			= 0x681c,
	GUEST_RIP			= 0x681e,
	GUEST_RFLAGS			= 0x6820,
	GUEST_PENDING_DEBUG		= 0x6822,
	GUEST_SYSENTER_ESP		= 0x6824,
	GUEST_SYSENTER_EIP		= 0x6826,
	GUEST_S_CET			= 0x6828,
	GUEST_SSP			= 0x682a,
	GUEST_INTERRUPT_SSP_TABLE	= 0x682c,

	HOST_CR0			= 0x6c00,
	HOST_CR3			= 0x6c02,
	HOST_CR4			= 0x6c04,
	HOST_FS_BASE			= 0x6c06,
	HOST_GS_BASE			= 0x6c08,
	HOST_TR_BASE			= 0x6c0a,
	HOST_GDTR_BASE			= 0x6c0c,
	HOST_IDTR_BASE			= 0x6c0e,
	HOST_SYSENTER_ESP		= 0x6c10,
	HOST_SYSENTER_EIP		= 0x6c12,
	HOST_RSP			= 0x6c14,
	HOST_RIP			= 0x6c16,
	HOST_S_CET			= 0x6c18,
	HOST_SSP			= 0x6c1a,
	HOST_INTERRUPT_SSP_TABLE	= 0x6c1c,
};

/* Pin-based controls */
#define PIN_NMI_EXITING			(1u << 3)
#define PIN_VIRTUAL_NMIS		(1u << 5)
#define PIN_PREEMPTION_TIMER		(1u << 6)

/* Primary processor-based controls */
#define PROC_INTERRUPT_WINDOW		(1u << 2)
#define PROC_IO_BITMAPS			(1u << 25)
#define PROC_MONITOR_TRAP_FLAG		(1u << 27)
#define PROC_MSR_BITMAPS		(1u << 28)
#define PROC_NMI_WINDOW			(1u << 22)
#define PROC_SECONDARY			(1u << 31)

/* Secondary processor-based controls */
#define PROC2_EPT			(1u << 1)
#define PROC2_RDTSCP			(1u << 3)
#define PROC2_VPID			(1u << 5)
#define PROC2_UNRESTRICTED_GUEST	(1u << 7)
#define PROC2_INVPCID			(1u << 12)
#define PROC2_XSAVES			(1u << 20)
#define PROC2_USER_WAIT			(1u << 26)

/* VM-exit controls */
#define EXIT_SAVE_DEBUG			(1u << 2)
#define EXIT_HOST_64			(1u << 9)
#define EXIT_SAVE_PAT			(1u << 18)
#define EXIT_LOAD_PAT			(1u << 19)
#define EXIT_SAVE_EFER			(1u << 20)
#define EXIT_LOAD_EFER			(1u << 21)
#define EXIT_SAVE_PREEMPTION_TIMER	(1u << 22)
#define EXIT_LOAD_CET			(1u << 28)

/* VM-entry controls */
#define ENTRY_LOAD_DEBUG		(1u << 2)
#define ENTRY_IA32E_GUEST		(1u << 9)
#define ENTRY_LOAD_PAT			(1u << 14)
#define ENTRY_LOAD_EFER			(1u << 15)
#define ENTRY_LOAD_CET			(1u << 20)

/* Interruptibility state */
#define BLOCKING_BY_STI			(1u << 0)
#define BLOCKING_BY_MOV_SS		(1u << 1)
#define BLOCKING_BY_NMI			(1u << 3)

/* Activity state */
#define ACTIVITY_ACTIVE			0u
#define ACTIVITY_WAIT_FOR_SIPI		3u

#define PENDING_DEBUG_BS		(1u << 14)

/* IRET had unblocked NMIs: in exit interruption information and EPT violation qualifications. */
#define NMI_UNBLOCKING_BY_IRET		(1u << 12)

#define EXIT_REASON_ENTRY_FAILURE	(1u << 31)	/* the guest did not run (reasons 33, 34, 41) */

enum exit_reason {
	EXIT_EXCEPTION_OR_NMI		= 0,
	EXIT_TRIPLE_FAULT		= 2,
	EXIT_INIT			= 3,
	EXIT_SIPI			= 4,
	EXIT_INTERRUPT_WINDOW		= 7,
	EXIT_NMI_WINDOW			= 8,
	EXIT_TASK_SWITCH		= 9,
	EXIT_CPUID			= 10,
	EXIT_GETSEC			= 11,
	EXIT_INVD			= 13,
	EXIT_VMCALL			= 18,
	EXIT_VMCLEAR			= 19,	/* then the other VMX instructions */
	EXIT_VMXON			= 27,	/* the last of them */
	EXIT_CR_ACCESS			= 28,
	EXIT_IO				= 30,
	EXIT_RDMSR			= 31,
	EXIT_WRMSR			= 32,
	EXIT_MONITOR_TRAP		= 37,
	EXIT_EPT_VIOLATION		= 48,
	EXIT_EPT_MISCONFIG		= 49,
	EXIT_INVEPT			= 50,
	EXIT_PREEMPTION_TIMER		= 52,
	EXIT_INVVPID			= 53,
	EXIT_XSETBV			= 55,
	EXIT_VMFUNC			= 59,
	EXIT_REASONS			= 80,	/* size of the table of handlers */
};

/* May this bit of a control be set? @msr: value of its capability MSR. Any context. */
static inline bool ctl_may(uint64_t msr, uint32_t bit)
{
	return (msr >> 32) & bit;
}

/**
 * ctl_adjust - controls as the CPU allows them
 * @want: bits we need or would like; bits not allowed are dropped, bits required are added
 * Any context.
 */
static inline uint32_t ctl_adjust(uint64_t msr, uint32_t want)
{
	return (want & (uint32_t)(msr >> 32)) | (uint32_t)msr;
}

#endif
