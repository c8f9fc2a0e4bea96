/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures for the bench, all in TSC ticks. */
#include "apic.h"
#include "command.h"
#include "console.h"
#include "cpu.h"
#include "job.h"
#include "lib.h"
#include "targets.h"
#include "text.h"
#include "x86.h"

#define JUMP_LEN	5u
#define RATE_TICKS	1000000u

/* Only there to be jumped to. */
static uint32_t replacement(void)
{
	return RESULT_NEW;
}

enum { LARGEST, SAMPLES };

/* The largest hole in a CPU's time while it does nothing but look at it. */
static void gap_body(struct run *r)
{
	uint64_t last, until;

	cli();
	last = rdtsc();
	until = r->cpu == 0 ? last + tsc_hz / 1000 * (r->arg[0] ? r->arg[0] : 1) : ~0ull;
	while (!r->stop && last < until) {
		uint64_t now = rdtsc();

		if (now - last > r->count[LARGEST])
			r->count[LARGEST] = now - last;
		last = now;
		r->count[SAMPLES]++;
	}
	sti();
}

const struct job gap_job = {
	.name = "gap", .body = gap_body, .promise = "largest TSC gap of a spinning CPU",
	.counter = { "largest", "samples" },
};

static void spin_body(struct run *r)
{
	while (!r->stop)
		r->count[0]++;
}

const struct job spin_job = {
	.name = "spin", .body = spin_body, .promise = "keeps a CPU busy", .counter = { "spins" },
};

void command_rate(char *args)
{
	uint64_t counted = 0, flags = irq_save(), start = rdtsc(), calls = 0, end;

	(void)args;
	do {
		unsigned int i;

		for (i = 0; i < 16; i++, calls++)
			target(&counted);
		end = rdtsc();
	} while (end - start < RATE_TICKS);
	irq_restore(flags);
	print("# rate calls=%lu ticks=%lu per_million=%lu\n", calls, end - start,
	      calls * 1000000 / (end - start));
}

struct batch {
	unsigned int n;
	bool on;
};

static void rewrite_entries(void *arg)
{
	static const uint8_t nop[JUMP_LEN] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	const struct batch *b = arg;
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		uint8_t *at = (uint8_t *)function_table[i], jump[JUMP_LEN] = { 0xe9 };
		int32_t to = (int32_t)((uint64_t)replacement - (uint64_t)at - JUMP_LEN);

		memcpy(jump + 1, &to, sizeof(to));
		memcpy(text_alias(at), b->on ? jump : nop, JUMP_LEN);
	}
}

static unsigned int replaced(unsigned int n)
{
	unsigned int i, count = 0;

	for (i = 0; i < n; i++)
		count += function_table[i]() == RESULT_NEW;
	return count;
}

/* What the kernel would do by itself: all CPUs held, N entries rewritten, all let go; and back. */
void command_stopmachine(char *args)
{
	struct batch b = { 1, true };
	struct stop_times times, back;
	uint64_t n = 1;
	unsigned int seen;
	bool all;

	parse_number(next_word(&args), &n);
	b.n = n > FUNCTIONS ? FUNCTIONS : (unsigned int)n;
	all = stop_all(rewrite_entries, &b, &times);
	seen = replaced(b.n);
	b.on = false;
	all &= stop_all(rewrite_entries, &b, &back);
	tap(all && seen == b.n && !replaced(b.n) ? NULL : "the functions did not change",
	    "stopmachine %u", b.n);
	print("# stopmachine sites=%u cpus=%u pause=%lu total=%lu\n", b.n, times.cpus, times.pause,
	      times.total);
}
