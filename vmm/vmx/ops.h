/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX instructions. Each tests both failure flags: CF (VMfailInvalid) and ZF
 * (VMfailValid), SDM 3D chapter "VMX Instruction Reference", Conventions.
 */
#ifndef VMX_OPS_H
#define VMX_OPS_H

#include <stdbool.h>
#include <stdint.h>
#include "vmm/vmx/vmcs.h"

/* A VMX instruction failed where it cannot: says which, and parks the CPU. Does not return. */
_Noreturn void vmx_failed(const char *insn, uint64_t operand);

static inline uint64_t vmread(uint32_t field)
{
	uint64_t v;
	bool failed;

	__asm__ volatile("vmread %2, %0\n\tsetbe %1" : "=r"(v), "=q"(failed)
			 : "r"((uint64_t)field) : "cc");
	if (__builtin_expect(failed, 0))
		vmx_failed("vmread", field);
	return v;
}

static inline bool vmwrite_try(uint32_t field, uint64_t v)
{
	bool failed;

	__asm__ volatile("vmwrite %1, %2\n\tsetbe %0" : "=q"(failed)
			 : "r"(v), "r"((uint64_t)field) : "cc");
	return !failed;
}

static inline void vmwrite(uint32_t field, uint64_t v)
{
	if (__builtin_expect(!vmwrite_try(field, v), 0))
		vmx_failed("vmwrite", field);
}

/* A field of the VMCS and what goes into it, for tables. */
struct vmcs_value {
	uint32_t field;
	uint64_t value;
};

/* Writes @n fields. Root mode, this CPU's VMCS. */
static inline void vmwrite_all(const struct vmcs_value *f, unsigned int n)
{
	for (; n; n--, f++)
		vmwrite(f->field, f->value);
}

/* @hpa: of the VMXON region */
static inline bool vmxon(uint64_t hpa)
{
	bool failed;

	__asm__ volatile("vmxon %1\n\tsetbe %0" : "=q"(failed) : "m"(hpa) : "cc", "memory");
	return !failed;
}

static inline bool vmxoff(void)
{
	bool failed;

	__asm__ volatile("vmxoff\n\tsetbe %0" : "=q"(failed) : : "cc", "memory");
	return !failed;
}

static inline bool vmclear(uint64_t hpa)
{
	bool failed;

	__asm__ volatile("vmclear %1\n\tsetbe %0" : "=q"(failed) : "m"(hpa) : "cc", "memory");
	return !failed;
}

static inline bool vmptrld(uint64_t hpa)
{
	bool failed;

	__asm__ volatile("vmptrld %1\n\tsetbe %0" : "=q"(failed) : "m"(hpa) : "cc", "memory");
	return !failed;
}

/* Every EPT-derived translation of this CPU (type 2, all-context). Serialises the CPU. */
static inline void invept_all(void)
{
	struct { uint64_t eptp, zero; } d = { 0, 0 };
	bool failed;

	__asm__ volatile("invept %1, %2\n\tsetbe %0" : "=q"(failed)
			 : "m"(d), "r"(2ull) : "cc", "memory");
	if (__builtin_expect(failed, 0))
		vmx_failed("invept", 2);
}

/* Every VPID-tagged translation of this CPU (type 2, all-context). */
static inline void invvpid_all(void)
{
	struct { uint64_t vpid, gla; } d = { 0, 0 };
	bool failed;

	__asm__ volatile("invvpid %1, %2\n\tsetbe %0" : "=q"(failed)
			 : "m"(d), "r"(2ull) : "cc", "memory");
	if (__builtin_expect(failed, 0))
		vmx_failed("invvpid", 2);
}

#endif
