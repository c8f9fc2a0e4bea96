/* SPDX-License-Identifier: GPL-2.0-only */
/* MSRs and control register bits that only Intel's CPUs have. SDM 4, SDM 3D appendix A. */
#ifndef VMX_MSRS_H
#define VMX_MSRS_H

#define CR4_VMXE		(1ull << 13)
#define CR4_SMXE		(1ull << 14)

#define MSR_FEATURE_CONTROL	0x3au
#define MSR_BIOS_UPDT_TRIG	0x79u
#define MSR_MISC_ENABLE		0x1a0u
#define MSR_PERF_GLOBAL_STATUS	0x38eu
#define MSR_PEBS_ENABLE		0x3f1u
#define MSR_VMX_FIRST		0x480u
#define MSR_VMX_BASIC		0x480u
#define MSR_VMX_MISC		0x485u
#define MSR_VMX_PROC2		0x48bu
#define MSR_VMX_TRUE_PIN	0x48du
#define MSR_VMX_TRUE_PROC	0x48eu
#define MSR_VMX_TRUE_EXIT	0x48fu
#define MSR_VMX_TRUE_ENTRY	0x490u
#define MSR_VMX_LAST		0x493u
#define MSR_RTIT_FIRST		0x560u
#define MSR_RTIT_LAST		0x587u
#define MSR_DS_AREA		0x600u

#endif
