/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instructions the loader needs: root mode's wrappers and some more. There is no
 * recovery from #GP here: only MSRs that CPUID or other MSRs promise, none by *_safe().
 */
#ifndef BOOT_CPU_ASM_H
#define BOOT_CPU_ASM_H

#include "vmm/x86.h"

static inline uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static inline uint64_t read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

/* GDTR and IDTR as SGDT and SIDT store them. */
struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline struct table_register read_gdtr(void)
{
	struct table_register r;

	__asm__ volatile("sgdt %0" : "=m"(r));
	return r;
}

static inline struct table_register read_idtr(void)
{
	struct table_register r;

	__asm__ volatile("sidt %0" : "=m"(r));
	return r;
}

static inline bool rdrand(uint64_t *out)
{
	bool ok;

	__asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
	return ok;
}

#endif
