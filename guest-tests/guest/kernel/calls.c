/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenarios 1 and 2: every CPU calls functions while they are patched and reverted. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/job.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/targets.h"
#include "guest-tests/guest/kernel/x86.h"

#define VARIANTS	2u
#define TOGETHER	300u

enum { CALLS, OLD, NEW, OTHER, LATE, LOST };

static uint32_t (*const variant[VARIANTS])(uint64_t *) = { target, target_endbr };

/*
 * How often all CPUs together saw the code change: even is old, odd is new. A
 * call that began after the last change was noted must agree with it; one that
 * does not is a change of its own, so that a stale result makes the number too
 * large. After N cycles of apply and revert it is exactly 2 N.
 */
static volatile uint64_t turns[VARIANTS];

static void note_turn(unsigned int v, uint64_t before, bool new)
{
	uint64_t now = atomic_load(&turns[v]);

	if ((now & 1) != new && now == before)
		atomic_cas(&turns[v], now, now + 1);
}

static void count_result(struct run *r, uint32_t result, enum expectation e)
{
	if (result != RESULT_OLD && result != RESULT_NEW) {
		r->count[OTHER]++;
		return;
	}
	r->count[result == RESULT_OLD ? OLD : NEW]++;
	if ((e == EXPECT_NEW && result != RESULT_NEW) || (e == EXPECT_OLD && result != RESULT_OLD))
		r->count[LATE]++;
}

static void call_body(struct run *r)
{
	unsigned int v = (unsigned int)r->arg[0] % VARIANTS;
	uint64_t made = 0, counted = 0;

	while (!r->stop) {
		enum expectation e = expected_now;
		uint64_t before = atomic_load(&turns[v]);
		uint32_t result = variant[v](&counted);

		made++;
		count_result(r, result, e);
		if (result == RESULT_OLD || result == RESULT_NEW)
			note_turn(v, before, result == RESULT_NEW);
	}
	r->count[CALLS] = made;
	r->count[LOST] = made - counted;
}

static const char *call_verdict(const struct run *r)
{
	if (!r->count[CALLS])
		return "made no call";
	if (r->count[OTHER])
		return "a result that is neither old nor new";
	if (r->count[LATE])
		return "a call that began after the answer ran the wrong code";
	return r->count[LOST] ? "calls lost" : NULL;
}

const struct job call_job = {
	.name = "call-loop", .body = call_body, .verdict = call_verdict,
	.promise = "every result is old or new, none late, none lost",
	.counter = { "calls", "old", "new", "other", "late", "lost" },
};

enum { ROUNDS, ALL_OLD, ALL_NEW, SPLIT, MIXED, WRONG, CHECK_LATE };

struct round {
	unsigned int sum;		/* generations of the first TOGETHER functions */
	unsigned int changes;		/* from one function to the next */
};

static struct round call_all(struct run *r)
{
	struct round round = { 0, 0 };
	uint32_t last = 0;
	unsigned int i;

	for (i = 0; i < FUNCTIONS; i++) {
		uint32_t result = function_table[i]();
		uint32_t generation = result & 0xff;

		if (result >> 8 != i || generation > 1 || (i >= TOGETHER && generation)) {
			r->count[WRONG]++;
			continue;
		}
		round.sum += generation;
		round.changes += i > 0 && i < TOGETHER && generation != last;
		last = generation;
	}
	return round;
}

static void judge_round(struct run *r, struct round round, enum expectation e)
{
	r->count[ROUNDS]++;
	if (round.changes > 1)
		r->count[MIXED]++;
	else if (round.changes)
		r->count[SPLIT]++;
	else
		r->count[round.sum ? ALL_NEW : ALL_OLD]++;
	if ((e == EXPECT_NEW && round.sum != TOGETHER) || (e == EXPECT_OLD && round.sum))
		r->count[CHECK_LATE]++;
}

static void checker_body(struct run *r)
{
	while (!r->stop) {
		enum expectation e = expected_now;
		uint64_t flags = irq_save();
		struct round round = call_all(r);

		irq_restore(flags);
		judge_round(r, round, e);
	}
}

static const char *checker_verdict(const struct run *r)
{
	if (!r->count[ROUNDS])
		return "made no round";
	if (r->count[WRONG])
		return "a function returned something else";
	if (r->count[MIXED])
		return "old and new mixed in one round";
	if (r->count[SPLIT])
		return "old, then new in one round";
	return r->count[CHECK_LATE] ? "a round that began after the answer ran the wrong code" : NULL;
}

const struct job checker_job = {
	.name = "checker", .body = checker_body, .verdict = checker_verdict,
	.promise = "300 functions with interrupts off: all old or all new",
	.counter = { "rounds", "old", "new", "split", "mixed", "wrong", "late" },
};

static void greet_body(struct run *r)
{
	uint64_t next = rdtsc(), step = tsc_hz / 1000 * (r->arg[0] ? r->arg[0] : 500);

	while (!r->stop) {
		if (rdtsc() < next) {
			idle();
			continue;
		}
		print("[cpu %u] %s\n", r->cpu, greeting(r->cpu));
		r->count[0]++;
		next += step;
	}
}

const struct job greet_job = {
	.name = "greet", .body = greet_body, .promise = "greetings printed",
	.counter = { "lines" },
};

void command_mark(char *args)
{
	const char *what = next_word(&args);

	if (str_eq(what, "old"))
		atomic_store(&expected_now, EXPECT_OLD);
	else if (str_eq(what, "new"))
		atomic_store(&expected_now, EXPECT_NEW);
	else
		atomic_store(&expected_now, EXPECT_ANY);
}

void command_turns(char *args)
{
	unsigned int v;

	if (str_eq(next_word(&args), "reset"))
		for (v = 0; v < VARIANTS; v++)
			turns[v] = 0;
	print("# turns target=%lu target_endbr=%lu\n", turns[0], turns[1]);
}
