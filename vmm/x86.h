/* SPDX-License-Identifier: GPL-2.0-only */
/* Processor instructions and architectural numbers that are the same on every vendor's CPUs. */
#ifndef VMM_X86_H
#define VMM_X86_H

#include <stdbool.h>
#include <stdint.h>

#define CR0_PE			(1ull << 0)
#define CR0_ET			(1ull << 4)
#define CR0_NE			(1ull << 5)
#define CR0_WP			(1ull << 16)
#define CR0_NW			(1ull << 29)
#define CR0_CD			(1ull << 30)
#define CR0_PG			(1ull << 31)
#define CR4_PAE			(1ull << 5)
#define CR4_MCE			(1ull << 6)
#define CR4_LA57		(1ull << 12)
#define CR4_OSXSAVE		(1ull << 18)
#define CR4_PKE			(1ull << 22)

#define EFER_LME		(1ull << 8)
#define EFER_LMA		(1ull << 10)
#define EFER_NXE		(1ull << 11)

#define DEBUGCTL_BTF		(1ull << 1)

#define RFLAGS_FIXED		(1ull << 1)
#define RFLAGS_TF		(1ull << 8)
#define RFLAGS_IF		(1ull << 9)

#define MSR_APIC_BASE		0x1bu
#define MSR_MTRRCAP		0xfeu
#define MSR_SYSENTER_CS		0x174u
#define MSR_SYSENTER_ESP	0x175u
#define MSR_SYSENTER_EIP	0x176u
#define MSR_DEBUGCTL		0x1d9u
#define MSR_MTRR_PHYSBASE0	0x200u	/* then its mask, the base of 1, ... */
#define MSR_MTRR_FIX64K		0x250u
#define MSR_PAT			0x277u
#define MSR_MTRR_DEF_TYPE	0x2ffu
#define MSR_X2APIC_ICR		0x830u
#define MSR_EFER		0xc0000080u
#define MSR_LSTAR		0xc0000082u
#define MSR_FS_BASE		0xc0000100u
#define MSR_GS_BASE		0xc0000101u

/* Entries of page tables, at any level; PTE_LARGE at levels 2 and 3. */
#define PTE_PRESENT		(1ull << 0)
#define PTE_WRITE		(1ull << 1)
#define PTE_PWT			(1ull << 3)
#define PTE_PCD			(1ull << 4)
#define PTE_ACCESSED		(1ull << 5)
#define PTE_DIRTY		(1ull << 6)
#define PTE_LARGE		(1ull << 7)
#define PTE_ADDR		0x000ffffffffff000ull
#define PTE_NX			(1ull << 63)

/* Error code of #PF */
#define PF_PRESENT		(1u << 0)
#define PF_USER			(1u << 2)
#define PF_FETCH		(1u << 4)

#define APIC_BASE_ADDR		0x000ffffffffff000ull
#define APIC_BASE_ENABLE	(1ull << 11)
#define APIC_BASE_X2APIC	(1ull << 10)

#define ICR_NMI		0x4400u		/* delivery mode NMI, level assert */
#define ICR_MODE	0x0700u
#define ICR_OTHERS	0xc0000u	/* shorthand: all but the sender */
#define ICR_PENDING	(1u << 12)
#define LVT_MASKED	(1u << 16)

/* Register offsets of the xAPIC page; x2APIC MSR is 0x800 + offset / 16. */
enum apic_register {
	APIC_VERSION	= 0x030,
	APIC_TPR	= 0x080,
	APIC_EOI	= 0x0b0,
	APIC_LDR	= 0x0d0,
	APIC_DFR	= 0x0e0,
	APIC_SVR	= 0x0f0,
	APIC_ISR	= 0x100,
	APIC_ICR	= 0x300,
	APIC_ICR_HIGH	= 0x310,
	APIC_LVT_PERFORMANCE = 0x340,
	APIC_TIMER_INIT	= 0x380,
	APIC_TIMER_DIV	= 0x3e0,
};

/* CPUID: leaf, register, feature. SDM 2A "CPUID". */
#define LEAF1_ECX_OSXSAVE	(1u << 27)
#define LEAF1_ECX_HYPERVISOR	(1u << 31)
#define LEAF7_ECX_OSPKE		(1u << 4)

enum vector {
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_UD = 6,
	VECTOR_DF = 8,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MC = 18,
};

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub) : "memory");
	return r;
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void invlpg(const void *va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline uint64_t read_cr2(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}

/* Writes control register @n, a digit. */
#define write_cr(n, v)	__asm__ volatile("mov %0, %%cr" #n : : "r"((uint64_t)(v)) : "memory")

/*
 * What follows an instruction at label 1 that takes values of the guest's choice: if it raises #GP
 * in root mode, traps.c finds its fixup in .extable, and operand 0 becomes 0.
 */
#define CLEAR_ON_GP										\
	"\n2:\n"										\
	".pushsection .text.fixup, \"ax\"\n3: xor %0, %0\n jmp 2b\n.popsection\n"		\
	".pushsection .extable, \"a\"\n.quad 1b, 3b\n.popsection"

/* False if there is no such MSR: then *@v is 0. */
static inline bool rdmsr_safe(uint32_t msr, uint64_t *v)
{
	uint32_t lo = 0, hi = 0;
	bool ok = true;

	__asm__ volatile("1: rdmsr" CLEAR_ON_GP : "+r"(ok), "+a"(lo), "+d"(hi) : "c"(msr));
	*v = (uint64_t)hi << 32 | lo;
	return ok;
}

/* @insn writes EDX:EAX to the register that ECX names; false if it raises #GP. */
#define WRITE_SAFE(insn, reg, v) ({								\
	bool ok_ = true;									\
	__asm__ volatile("1: " insn CLEAR_ON_GP : "+r"(ok_) : "c"(reg), "a"((uint32_t)(v)),	\
			 "d"((uint32_t)((v) >> 32)) : "memory");				\
	ok_;											\
})

static inline bool wrmsr_safe(uint32_t msr, uint64_t v)
{
	return WRITE_SAFE("wrmsr", msr, v);
}

static inline bool xsetbv_safe(uint32_t xcr, uint64_t v)
{
	return WRITE_SAFE("xsetbv", xcr, v);
}

#endif
