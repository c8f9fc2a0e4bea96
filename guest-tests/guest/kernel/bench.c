/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures for the bench, all in TSC ticks. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/job.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/targets.h"
#include "guest-tests/guest/kernel/text.h"
#include "guest-tests/guest/kernel/x86.h"

#define JUMP_LEN	5u
#define RATE_TICKS	1000000u
#define GAP_SETTLE_MS	5u	/* the others have been woken by their timers by then */

/* Only there to be jumped to. */
static uint32_t replacement(void)
{
	return RESULT_NEW;
}

enum { LARGEST, SAMPLES };

static void let_others_run(uint64_t ms)
{
	uint64_t start = rdtsc();

	while (rdtsc() - start < tsc_hz / 1000 * ms)
		idle();
}

/*
 * The largest hole in a CPU's time while it does nothing but look at it, open to interrupts but
 * without its own timer's. The boot CPU looks until the next command comes.
 */
static void gap_body(struct run *r)
{
	uint64_t last, now;

	apic_timer(false);
	last = rdtsc();
	while (!r->stop) {
		now = rdtsc();
		if (r->cpu == 0 && console_waiting())
			break;
		if (now - last > r->count[LARGEST])
			r->count[LARGEST] = now - last;
		last = now;
		r->count[SAMPLES]++;
	}
	apic_timer(true);
}

const struct job gap_job = {
	.name = "gap", .body = gap_body, .promise = "largest TSC gap of a spinning CPU",
	.counter = { "largest", "samples" }, .needs_other = true,
};

/* All CPUs look, this one too; a line says when they begin, and the next command ends it. */
void command_gap(char *args)
{
	char start[] = "gap others", stop[] = "gap";
	struct run here = { 0 };

	(void)args;
	if (ncpus > 1)
		command_start(start);
	let_others_run(GAP_SETTLE_MS);
	print("# gap begins\n");
	gap_body(&here);
	if (ncpus > 1)
		command_stop(stop);
	print("# gap cpu=0 largest=%lu samples=%lu\n", here.count[LARGEST], here.count[SAMPLES]);
}

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

/* Time without work: this CPU sleeps between its timer's interrupts. */
void command_wait(char *args)
{
	uint64_t ms = 0;

	parse_number(next_word(&args), &ms);
	let_others_run(ms);
}

void command_ready(char *args)
{
	(void)args;
	print("# ready tsc=%lu tsc_hz=%lu\n", ready_tsc, tsc_hz);
}
