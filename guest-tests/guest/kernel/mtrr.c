/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes a memory type as an operating system does: SDM 3A "MTRR Maintenance Programming Interface". */
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/x86.h"

#define MSR_MTRRCAP		0xfeu
#define MSR_MTRR_BASE0		0x200u
#define MSR_MTRR_DEF_TYPE	0x2ffu
#define DEF_TYPE_ENABLE		(1ull << 11)
#define MASK_VALID		(1ull << 11)
#define RANGE			(64ull << 20)
#define PHYS_MASK		((1ull << 36) - 1)

/* mtrr BASE TYPE: the last variable range becomes 64 MiB at BASE of this type. mtrr off: nothing. */
void command_mtrr(char *args)
{
	uint32_t msr = MSR_MTRR_BASE0 + 2 * ((uint32_t)(rdmsr(MSR_MTRRCAP) & 0xff) - 1);
	uint64_t def = rdmsr(MSR_MTRR_DEF_TYPE), base = 0, type = 0, flags;
	bool on = parse_number(next_word(&args), &base) && parse_number(next_word(&args), &type);

	__asm__ volatile("pushfq; pop %0; cli" : "=r"(flags));
	__asm__ volatile("wbinvd" : : : "memory");
	wrmsr(MSR_MTRR_DEF_TYPE, def & ~DEF_TYPE_ENABLE);
	wrmsr(msr, on ? base | type : 0);
	wrmsr(msr + 1, on ? (~(RANGE - 1) & PHYS_MASK) | MASK_VALID : 0);
	wrmsr(MSR_MTRR_DEF_TYPE, def);
	__asm__ volatile("wbinvd; push %0; popfq" : : "r"(flags) : "memory", "cc");
	tap(rdmsr(msr) == (on ? base | type : 0) && rdmsr(MSR_MTRR_DEF_TYPE) == def ? NULL :
	    "reads back as something else", "a variable MTRR takes the new range");
}
