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

/* Parks the CPU, with a message, because a VMX instruction failed that must not. Does not return. */
_Noreturn void vmx_failed(const char *insn, uint64_t operand);

/* Executes a VMX instruction, operands from %1 on; false if it failed. */
#define VMX_INSN(insn, ...) ({									\
	bool failed_;										\
	__asm__ volatile(insn "\n\tsetbe %0" : "=q"(failed_) : __VA_ARGS__ : "cc", "memory");	\
	!failed_;										\
})

/* Reads a field of the VMCS; false if there is no such field. */
static inline bool vmread_try(uint32_t field, uint64_t *v)
{
	bool failed;

	__asm__ volatile("vmread %2, %0\n\tsetbe %1" : "=r"(*v), "=q"(failed)
			 : "r"((uint64_t)field) : "cc");
	return !failed;
}

static inline uint64_t vmread(uint32_t field)
{
	uint64_t v;

	if (__builtin_expect(!vmread_try(field, &v), 0))
		vmx_failed("vmread", field);
	return v;
}

static inline bool vmwrite_try(uint32_t field, uint64_t v)
{
	return VMX_INSN("vmwrite %1, %2", "r"(v), "r"((uint64_t)field));
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

/* @hpa: address of the VMXON region */
static inline bool vmxon(uint64_t hpa)
{
	return VMX_INSN("vmxon %1", "m"(hpa));
}

static inline bool vmxoff(void)
{
	return VMX_INSN("vmxoff");
}

static inline bool vmclear(uint64_t hpa)
{
	return VMX_INSN("vmclear %1", "m"(hpa));
}

static inline bool vmptrld(uint64_t hpa)
{
	return VMX_INSN("vmptrld %1", "m"(hpa));
}

/* Drops translations that this CPU has cached, by INVEPT or INVVPID of type 2: those of all contexts. */
#define VMX_INVALIDATE_ALL(insn) do {								\
	const struct { uint64_t context, address; } descriptor = { 0, 0 };			\
												\
	if (__builtin_expect(!VMX_INSN(insn " %1, %2", "m"(descriptor), "r"(2ull)), 0))		\
		vmx_failed(insn, 2);								\
} while (0)

/* Drops all translations of this CPU that are tagged with a VPID. */
static inline void invvpid_all(void)
{
	VMX_INVALIDATE_ALL("invvpid");
}

#endif
