/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds out from register values whether a CPU can carry Subtext, and if not, why. Pure logic of
 * the loader's; no part of root mode. SDM 3D appendix A "VMX Capability Reporting Facility".
 */
#ifndef VMX_CAPS_H
#define VMX_CAPS_H

#include <stdint.h>

#define VMX_VENDOR		"GenuineIntel"

/* IA32_FEATURE_CONTROL. SDM 3C "Enabling and Entering VMX Operation". */
#define FEATURE_LOCK		(1ull << 0)
#define FEATURE_VMX		(1ull << 2)	/* outside SMX operation */

#define LEAF1_ECX_VMX		(1u << 5)

/* Of the capability MSRs, those that only the loader reads; the others are in msrs.h. */
#define MSR_VMX_PIN		0x481u
#define MSR_VMX_PROC		0x482u
#define MSR_VMX_EXIT		0x483u
#define MSR_VMX_ENTRY		0x484u
#define MSR_VMX_EPT_VPID	0x48cu

/* What the loader reads on each CPU. Absent MSRs are zero. */
struct vmx_caps {
	uint32_t leaf1_ecx, leaf1_edx, leaf80000001_edx;
	char vendor[13];
	uint64_t feature_control;	/* IA32_FEATURE_CONTROL */
	uint64_t basic;			/* IA32_VMX_BASIC */
	uint64_t misc;			/* IA32_VMX_MISC */
	uint64_t ept_vpid;		/* IA32_VMX_EPT_VPID_CAP */
	uint64_t pin, proc, proc2, exit, entry;	/* TRUE controls where there are such */
};

enum feature_control_state {
	FC_READY,		/* locked with VMX outside SMX enabled */
	FC_OPEN,		/* unlocked: set bits 0 and 2 */
	FC_LOCKED_OFF,		/* locked without VMX outside SMX */
};

/* What IA32_FEATURE_CONTROL holds. */
enum feature_control_state vmx_feature_control(uint64_t value);

/**
 * vmx_missing - the first thing this CPU lacks
 *
 * Returns NULL if it has all that Subtext needs, else a plain sentence for the
 * console, such as "the CPU has no VMX (CPUID.1:ECX bit 5)". FC_OPEN is not a lack,
 * nor is a feature without its control (RDTSCP, INVPCID, XSAVES): that is hidden from
 * the guest. Any context, no locks.
 */
const char *vmx_missing(const struct vmx_caps *caps);

#endif
