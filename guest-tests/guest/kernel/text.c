/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own text: checksums, and rewriting it while it runs. */
#include "guest-tests/guest/kernel/text.h"
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/smp.h"
#include "guest-tests/guest/kernel/x86.h"

#define INT3		0xcc
#define POKE_MAX	8u
#define WAIT_US		2000000u

static struct {
	volatile uint64_t addr;		/* 0: no poke under way */
	uint8_t bytes[POKE_MAX];
} poke;

static struct {
	volatile uint32_t arrived, left;
	volatile bool go, done;
	volatile uint64_t first, last;
} stop;

uint64_t text_sum(const uint8_t *from, const uint8_t *to)
{
	uint64_t sum = 0xcbf29ce484222325ull;
	const uint64_t *p;

	for (p = (const uint64_t *)from; p + 1 <= (const uint64_t *)to; p++)
		sum = (sum ^ *(const volatile uint64_t *)p) * 0x100000001b3ull;
	return sum;
}

uint8_t *text_alias(const void *addr)
{
	uint64_t base = GUEST_LINK_VA + boot_data.slide;

	return (uint8_t *)(DIRECT_MAP + boot_data.phys + ((uint64_t)addr - base));
}

/* An acknowledgement each, counted before the question is asked. */
bool sync_others(void)
{
	uint64_t before[MAX_CPUS], start;
	unsigned int i, me = this_cpu()->index;

	for (i = 0; i < ncpus; i++)
		before[i] = cpus[i].sync_done;
	ipi_others(ICR_FIXED | VEC_SYNC);
	serialize();
	start = rdtsc();
	for (i = 0; i < ncpus; i++) {
		while (i != me && cpus[i].online && cpus[i].sync_done == before[i]) {
			if (rdtsc() - start > tsc_hz / 1000000 * WAIT_US)
				return false;
			pause();
		}
	}
	return true;
}

static void alias_copy(void *addr, const uint8_t *bytes, size_t len)
{
	volatile uint8_t *to = text_alias(addr);
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = bytes[i];
}

void text_write(void *addr, const uint8_t *bytes, size_t len)
{
	alias_copy(addr, bytes, len);
	serialize();
}

const char *text_poke(void *addr, const uint8_t *bytes, size_t len)
{
	uint8_t int3 = INT3;

	if (len == 0 || len > POKE_MAX)
		return "bad length";
	memcpy(poke.bytes, bytes, len);
	atomic_store(&poke.addr, (uint64_t)addr);
	alias_copy(addr, &int3, 1);
	if (!sync_others())
		return "no answer after INT3";
	alias_copy((uint8_t *)addr + 1, bytes + 1, len - 1);
	if (!sync_others())
		return "no answer after the tail";
	alias_copy(addr, bytes, 1);
	if (!sync_others())
		return "no answer after the first byte";
	atomic_store(&poke.addr, 0);
	return memcmp(addr, bytes, len) ? "does not read back" : NULL;
}

/* What the new instruction does: MOV EAX, imm32, or a 5-byte one that may be skipped. */
bool text_breakpoint(struct frame *f)
{
	uint64_t at = poke.addr;

	if (f->rip - 1 != at) {
		/* The poke may be over since: then the instruction is there to be executed. */
		if (*(const volatile uint8_t *)(f->rip - 1) == INT3)
			return false;
		f->rip--;
		return true;
	}
	if (poke.bytes[0] == 0xb8)
		f->rax = *(uint32_t *)(poke.bytes + 1);
	f->rip = at + 5;
	return true;
}

void stopped_here(void)
{
	uint64_t now = rdtsc(), none = 0;

	__atomic_compare_exchange_n(&stop.first, &none, now, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	atomic_add(&stop.arrived, 1);
	while (!stop.done)
		pause();
	serialize();
	now = rdtsc();
	if (now > stop.last)
		stop.last = now;
	atomic_add(&stop.left, 1);
}

static bool wait_count(const volatile uint32_t *count, unsigned int n)
{
	uint64_t start = rdtsc();

	while (*count < n && rdtsc() - start < tsc_hz / 1000000 * WAIT_US)
		pause();
	return *count >= n;
}

bool stop_all(void (*work)(void *), void *arg, struct stop_times *times)
{
	uint64_t flags = irq_save(), start = rdtsc();
	unsigned int n;
	bool all;

	memset((void *)&stop, 0, sizeof(stop));
	n = ipi_others(ICR_FIXED | VEC_STOP);
	if (!n)
		stop.first = start;
	all = wait_count(&stop.arrived, n);
	if (all)
		work(arg);
	serialize();
	atomic_store(&stop.done, true);
	wait_count(&stop.left, n);
	times->total = rdtsc() - start;
	times->pause = (n ? stop.last : rdtsc()) - stop.first;
	times->cpus = n + 1;
	irq_restore(flags);
	return all;
}
