// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mends Bochs 3.0 with several CPUs, loaded before it (scripts/bochs).
 *
 * A fault ends in longjmp() back to the main loop. The loop for one CPU then commits RIP and RSP;
 * the one for several (main.cc) does not. A VM exit before the next instruction, by the preemption
 * timer or an NMI, takes the uncommitted RIP for the guest's: that of the faulting instruction, with
 * the handler's CS, RSP and RFLAGS. A page fault at such a moment, and Linux is lost.
 * All CPUs but the one that faulted are between two instructions, where committing changes nothing.
 *
 * And an NMI that makes a halted CPU leave the guest has woken it: the saved activity state is
 * "active", and the CPU goes on behind its HLT. By the SDM it stays halted, which matters to those
 * that an old kernel parked: the next one, started by kexec, has written over what follows. The
 * preemption timer is treated rightly; the NMI is made to go the same way. Where it does not leave
 * the guest but is delivered, the CPU wakes at the delivery.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* In BX_CPU_C of the build that scripts/bochs knows by its build-id. */
#define CPU_RIP			0x0e0
#define CPU_PREV_RIP		0x118
#define CPU_SPECULATIVE_RSP	0x130

/* Bochs exports them for its plugins. */
extern char *const *bx_cpu_array __attribute__((weak));
extern const uint8_t bx_cpu_count __attribute__((weak));

/* Code of Bochs's. */
struct mend {
	const char *function;
	size_t offset, size;
	uint8_t old[12], new[12];
};

static const struct mend mends[] = {
	/* handleWaitForEvent(): NMI is no longer among what ends a wait and the activity state, ... */
	{ "_ZN8BX_CPU_C18handleWaitForEventEv", 0x71, 5,
	  { 0xa9, 0x97, 0xe0, 0x00, 0x00 }, { 0xa9, 0x96, 0xe0, 0x00, 0x00 } },
	/* ... but beside the preemption timer among what only ends the wait. */
	{ "_ZN8BX_CPU_C18handleWaitForEventEv", 0x7c, 2, { 0xa8, 0x20 }, { 0xa8, 0x21 } },
	/*
	 * An empty function, called with the CPU in RBX before an interrupt or NMI is delivered: it
	 * ends the activity state. movl $0, 0x91d4(%rbx); ret
	 */
	{ "_Z20bx_instr_hwinterruptjjtm", 4, 11,
	  { 0xc3, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00 },
	  { 0xc7, 0x83, 0xd4, 0x91, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc3 } },
};

#define MENDS	(sizeof(mends) / sizeof(mends[0]))

static uint8_t *place(const struct mend *m)
{
	uint8_t *f = dlsym(RTLD_DEFAULT, m->function);

	return f && !memcmp(f + m->offset, m->old, m->size) ? f + m->offset : NULL;
}

static bool writable(uint8_t *at, int access)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uint8_t *start = at - (uintptr_t)at % page;

	return !mprotect(start, 2 * page, PROT_READ | PROT_EXEC | access);
}

/* All or nothing: half of it would be a fault of its own. */
__attribute__((constructor)) static void mend(void)
{
	uint8_t *at[MENDS];
	size_t i;

	for (i = 0; i < MENDS; i++) {
		at[i] = place(&mends[i]);
		if (!at[i] || !writable(at[i], PROT_WRITE))
			return;
	}
	for (i = 0; i < MENDS; i++)
		memcpy(at[i], mends[i].new, mends[i].size);
	/* After all of them: two may be in the same page. */
	for (i = 0; i < MENDS; i++)
		writable(at[i], 0);
}

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
