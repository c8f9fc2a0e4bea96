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
 *
 * And a SIPI that is sent to all CPUs reaches only the first that waits for it in VMX non-root mode:
 * its VM exit ends in longjmp(), out of the loop over the CPUs and out of the instruction of the
 * sender. The exit is caught here, so that the loop goes on to the next CPU and the sender ends its
 * instruction; only the CPU that left the guest is committed.
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

#define VMX_EXIT_SIPI		4

/* Bochs exports them for its plugins. */
extern char *const *bx_cpu_array __attribute__((weak));
extern const uint8_t bx_cpu_count __attribute__((weak));

/* Code of Bochs's. */
struct mend {
	const char *function;
	size_t offset, size;
	uint8_t old[20], new[20];
};

/* Offset in the code below of the address of exit_by_sipi(). */
#define EXIT_BY_SIPI	2

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
	/*
	 * deliver_SIPI(), its last part, for a CPU in non-root mode, with the CPU in RDI and the vector
	 * in ESI. From: mov %esi, %edx; mov $4, %esi; call VMexit; jmp and padding. To: movabs
	 * $exit_by_sipi, %rax; add $8, %rsp; pop %rbx; pop %rbp; jmp *%rax.
	 */
	{ "_ZN8BX_CPU_C12deliver_SIPIEj", 0xb0, 18,
	  { 0x89, 0xf2, 0xbe, 0x04, 0x00, 0x00, 0x00, 0xe8, 0x34, 0xa5, 0x08, 0x00, 0xe9, 0x68, 0xff,
	    0xff, 0xff, 0x90 },
	  { 0x48, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x48, 0x83, 0xc4, 0x08, 0x5b,
	    0x5d, 0xff, 0xe0 } },
};

#define MENDS	(sizeof(mends) / sizeof(mends[0]))
/* deliver_SIPI() is the last of them. */
#define SIPI_MEND	(MENDS - 1)

static void (*vm_exit)(void *cpu, uint32_t reason, uint64_t qualification);
static void (*long_jump)(jmp_buf, int);
/* The CPU whose exit by SIPI is under way, and where its end comes back to. */
static char *starting;
static jmp_buf started;

static void commit(char *cpu)
{
	*(uint64_t *)(cpu + CPU_PREV_RIP) = *(uint64_t *)(cpu + CPU_RIP);
	*(cpu + CPU_SPECULATIVE_RSP) = 0;
}

/* The rest of deliver_SIPI(): the VM exit of @cpu, which waits for SIPI in non-root mode. */
static void exit_by_sipi(char *cpu, uint32_t vector)
{
	starting = cpu;
	if (!setjmp(started))
		vm_exit(cpu, VMX_EXIT_SIPI, vector);
	commit(starting);
	starting = NULL;
}

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
	void *const function = (void *)exit_by_sipi;
	uint8_t *at[MENDS];
	size_t i;

	*(void **)&vm_exit = dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C6VMexitEjm");
	*(void **)&long_jump = dlsym(RTLD_NEXT, "__longjmp_chk");
	if (!vm_exit || !long_jump)
		return;
	for (i = 0; i < MENDS; i++) {
		at[i] = place(&mends[i]);
		if (!at[i] || !writable(at[i], PROT_WRITE))
			return;
	}
	for (i = 0; i < MENDS; i++)
		memcpy(at[i], mends[i].new, mends[i].size);
	memcpy(at[SIPI_MEND] + EXIT_BY_SIPI, &function, sizeof(function));
	/* After all of them: two may be in the same page. */
	for (i = 0; i < MENDS; i++)
		writable(at[i], 0);
}

_Noreturn void __longjmp_chk(jmp_buf env, int value);

_Noreturn void __longjmp_chk(jmp_buf env, int value)
{
	if (starting)
		long_jump(started, 1);
	for (unsigned int i = 0; i < bx_cpu_count; i++)
		commit(bx_cpu_array[i]);
	if (long_jump)
		long_jump(env, value);
	abort();
}
