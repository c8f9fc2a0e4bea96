// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mends Bochs 3.0 with several CPUs, loaded before it (scripts/bochs).
 *
 * A fault ends in longjmp() back to the main loop. The loop for one CPU then commits RIP and RSP;
 * the one for several (main.cc) does not. A VM exit before the next instruction, by the preemption
 * timer or an NMI, takes the uncommitted RIP for the guest's: that of the faulting instruction, with
 * the handler's CS, RSP and RFLAGS. A page fault at such a moment, and Linux is lost.
 * All CPUs but the one that faulted are between two instructions, where committing changes nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

/* In BX_CPU_C of the build that scripts/bochs knows by its build-id. */
#define CPU_RIP			0x0e0
#define CPU_PREV_RIP		0x118
#define CPU_SPECULATIVE_RSP	0x130

/* Bochs exports them for its plugins. */
extern char *const *bx_cpu_array __attribute__((weak));
extern const uint8_t bx_cpu_count __attribute__((weak));

_Noreturn void __longjmp_chk(jmp_buf env, int value);

_Noreturn void __longjmp_chk(jmp_buf env, int value)
{
	static void (*next)(jmp_buf, int);

	for (unsigned int i = 0; i < bx_cpu_count; i++) {
		char *cpu = bx_cpu_array[i];

		*(uint64_t *)(cpu + CPU_PREV_RIP) = *(uint64_t *)(cpu + CPU_RIP);
		*(cpu + CPU_SPECULATIVE_RSP) = 0;
	}
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "__longjmp_chk");
	if (next)
		next(env, value);
	abort();
}
