/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's memory as the guest sees it: zeroes that cannot be changed. */
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/privileged.h"
#include "guest-tests/guest/kernel/x86.h"

#define MIN_SIZE	(1ull << 20)	/* the firmware's own reserved ranges are smaller */
#define LOW_RAM_END	0xb0000000ull	/* where the flash and the PCI window may begin */
#define PATTERN		0xa5a5a5a5a5a5a5a5ull

static const struct guest_range *hypervisor(void)
{
	unsigned int i;

	for (i = 0; i < boot_data.nreserved; i++)
		if (boot_data.reserved[i].size >= MIN_SIZE && boot_data.reserved[i].base < LOW_RAM_END)
			return &boot_data.reserved[i];
	return NULL;
}

static uint64_t nonzero_words(const struct guest_range *r)
{
	const volatile uint64_t *p = (const void *)(DIRECT_MAP + r->base);
	uint64_t i, n = 0;

	/* One word in each 64 bytes: every page is looked at, in bounded time. */
	for (i = 0; i < r->size / 8; i += 8)
		n += p[i] != 0;
	return n;
}

static void scribble(const struct guest_range *r)
{
	volatile uint64_t *p = (void *)(DIRECT_MAP + r->base);
	uint64_t i;

	for (i = 0; i < r->size / 8; i += 64)
		p[i] = PATTERN;
	__asm__ volatile("lock incq %0" : "+m"(p[1]));
	__asm__ volatile("rep stosb" : : "D"(p), "c"(4096), "a"(0x5a) : "memory");
}

/* Executes one instruction there (two zero bytes: ADD [RAX], AL) under a single step. */
static void jump_there(void *arg)
{
	static uint8_t scratch[16];

	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; jmp *%0"
			 : : "r"(arg), "a"(scratch) : "memory", "cc");
}

static int execute(uint64_t at)
{
	uint64_t flags = irq_save(), root = read_cr3();
	int got;

	write_cr3(boot_data.root_low);	/* the direct map is not executable */
	got = try_fault(jump_there, (void *)at, NULL);
	write_cr3(root);
	irq_restore(flags);
	return got;
}

void privileged_memory(void)
{
	const struct guest_range *r = hypervisor();

	if (!r) {
		tap("no reserved memory", "the hypervisor's memory is reserved");
		return;
	}
	tap(nonzero_words(r) ? "something else" : NULL, "the hypervisor's memory reads as zero");
	scribble(r);
	tap(nonzero_words(r) ? "changed" : NULL, "writes to the hypervisor's memory are lost");
	tap(execute(r->base) >= 0 ? NULL : "went on", "executing there raises something");
	tap(execute(r->base + r->size - 8) >= 0 ? NULL : "went on", "and at its end");
}
