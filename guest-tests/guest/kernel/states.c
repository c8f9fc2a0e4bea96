/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenarios 3 and 5: CPUs in every state a commit may find them in. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/job.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/smp.h"
#include "guest-tests/guest/kernel/targets.h"
#include "guest-tests/guest/kernel/x86.h"

#define ANSWER_US	1000000u
#define ANSWER_MS	30u
#define BOOT_CPU_MS	1u	/* interrupts off on the CPU that has the console */

static uint64_t ms(uint64_t n)
{
	return tsc_hz / 1000 * n;
}

/* How long a job may keep interrupts off: for good, but on the boot CPU. */
static uint64_t off_until(const struct run *r)
{
	if (r->cpu == 0)
		return rdtsc() + ms(BOOT_CPU_MS);
	return r->arg[0] ? rdtsc() + ms(r->arg[0]) : ~0ull;
}

static void cli_body(struct run *r)
{
	while (!r->stop) {
		uint64_t until;

		cli();
		until = off_until(r);
		while (!r->stop && rdtsc() < until)
			r->count[0]++;
		sti();
		r->count[1]++;
	}
}

static const char *counted(const struct run *r)
{
	return r->count[0] ? NULL : "did nothing";
}

const struct job cli_job = {
	.name = "cli-loop", .body = cli_body, .verdict = counted,
	.promise = "spins with interrupts off", .counter = { "spins", "rounds" },
};

static void halt_body(struct run *r)
{
	while (!r->stop) {
		sti_hlt();
		r->count[0]++;
	}
}

const struct job halt_job = {
	.name = "halt", .body = halt_body, .verdict = counted,
	.promise = "halts and wakes with every tick", .counter = { "wakes" },
};

/* Interrupts off and halted: only an NMI wakes it. */
static void halt_cli_body(struct run *r)
{
	cli();
	while (!r->stop) {
		__asm__ volatile("hlt" : : : "memory");
		r->count[0]++;
	}
	sti();
}

static void release_by_nmi(struct run *r)
{
	apic_send(cpus[r->cpu].apic_id, ICR_NMI | ICR_ASSERT);
}

/*
 * On hardware it wakes once, by the NMI of the release. Bochs ends a HLT also by an NMI that makes
 * a VM exit, so the script judges the number.
 */
const struct job halt_cli_job = {
	.name = "halt-cli", .body = halt_cli_body, .verdict = counted,
	.promise = "halted with interrupts off, and woke by the NMI sent to it",
	.counter = { "wakes" }, .release = release_by_nmi, .needs_other = true,
};

enum { SENT, UNANSWERED };

/* The CPU of argument 1, unless that is 0; else the next one that is up, or this one. */
static struct cpu *next_target(const struct run *r)
{
	unsigned int cpu = r->cpu, i;
	uint64_t round = r->count[SENT];

	if (r->arg[0])
		return &cpus[r->arg[0] % ncpus];
	for (i = 0; i < ncpus; i++) {
		struct cpu *c = &cpus[(cpu + 1 + round + i) % ncpus];

		if (c->online && c->index != cpu)
			return c;
	}
	return &cpus[cpu];
}

static void send_and_wait(struct run *r, struct cpu *to, uint32_t command,
			  volatile uint64_t *counter)
{
	uint64_t before = *counter, start;

	apic_send(to->apic_id, command);
	r->count[SENT]++;
	start = rdtsc();
	while (*counter == before && !r->stop) {
		if (rdtsc() - start > tsc_hz / 1000000 * ANSWER_US) {
			r->count[UNANSWERED]++;
			return;
		}
		pause();
	}
}

static void ipi_body(struct run *r)
{
	while (!r->stop) {
		struct cpu *to = next_target(r);

		send_and_wait(r, to, ICR_FIXED | ICR_ASSERT | VEC_FLOOD, &to->ipis);
	}
}

static void nmi_body(struct run *r)
{
	while (!r->stop) {
		struct cpu *to = next_target(r);

		send_and_wait(r, to, ICR_NMI | ICR_ASSERT, &to->nmis);
	}
}

static const char *answered(const struct run *r)
{
	if (!r->count[SENT])
		return "sent nothing";
	return r->count[UNANSWERED] ? "one was lost" : NULL;
}

const struct job ipi_job = {
	.name = "ipi-flood", .body = ipi_body, .verdict = answered,
	.promise = "every interrupt sent to another CPU arrives",
	.counter = { "sent", "unanswered" },
};

const struct job nmi_job = {
	.name = "nmi-flood", .body = nmi_body, .verdict = answered,
	.promise = "every NMI sent to another CPU arrives",
	.counter = { "sent", "unanswered" },
};

enum { HELD, PENDED, HOLD_FAILED };

static bool wait_for(volatile uint64_t *counter, uint64_t value)
{
	uint64_t start = rdtsc();

	while (*counter != value && rdtsc() - start < tsc_hz / 1000000 * ANSWER_US)
		pause();
	return *counter == value;
}

/*
 * Keeps a CPU inside its NMI handler, sends it two more NMIs meanwhile: one
 * of them must come when the handler returns, the other is merged with it
 * (SDM 3A, "Handling Multiple NMIs").
 */
static void hold_once(struct run *r, struct cpu *to)
{
	uint64_t before = to->nmis, hold = ms(r->arg[1] ? r->arg[1] : 20), start, flags;
	bool entered, inside;

	/* In one go, so that the others are sent while the first is being handled. */
	flags = irq_save();
	to->nmi_hold = rdtsc() + (to->index ? hold : ms(BOOT_CPU_MS));
	apic_send(to->apic_id, ICR_NMI | ICR_ASSERT);
	entered = wait_for(&to->nmis, before + 1);
	if (entered && to != this_cpu()) {
		apic_send(to->apic_id, ICR_NMI | ICR_ASSERT);
		apic_send(to->apic_id, ICR_NMI | ICR_ASSERT);
	}
	inside = to->in_nmi;
	irq_restore(flags);
	start = rdtsc();
	while (to->in_nmi && rdtsc() - start < 2 * hold)
		pause();
	if (!entered) {
		r->count[HOLD_FAILED]++;
		return;
	}
	r->count[HELD]++;
	if (!inside)
		delay_us(1000);		/* too late this time; they come one by one */
	else if (wait_for(&to->nmis, before + 2))
		r->count[PENDED]++;
	else
		r->count[HOLD_FAILED]++;
}

static void hold_body(struct run *r)
{
	while (!r->stop)
		hold_once(r, &cpus[r->arg[0] % ncpus]);
}

static const char *hold_verdict(const struct run *r)
{
	if (!r->count[HELD])
		return "no CPU was held";
	return r->count[HOLD_FAILED] ? "an NMI was lost or came twice" : NULL;
}

const struct job nmi_hold_job = {
	.name = "nmi-hold", .body = hold_body, .verdict = hold_verdict,
	.promise = "a CPU in its NMI handler gets one more NMI afterwards, not two",
	.counter = { "held", "pended", "failed" }, .needs_other = false,
};

enum { TRIPS, TRIPS_WRONG };

static void real_body(struct run *r)
{
	uint32_t rounds = r->arg[0] ? (uint32_t)r->arg[0] : 300;

	while (!r->stop) {
		if (real_mode_trip(rounds) != rounds)
			r->count[TRIPS_WRONG]++;
		r->count[TRIPS]++;
	}
}

static const char *real_verdict(const struct run *r)
{
	if (!r->count[TRIPS])
		return "never got there";
	return r->count[TRIPS_WRONG] ? "came back with a wrong result" : NULL;
}

const struct job real_job = {
	.name = "real-mode", .body = real_body, .verdict = real_verdict,
	.promise = "goes to real mode and back", .counter = { "trips", "wrong" },
};

enum { STARTS, START_FAILED, FIRST_OLD, FIRST_NEW, FIRST_OTHER, FIRST_LATE };

static void count_first(struct run *r, uint32_t result, enum expectation e)
{
	if (result == RESULT_OLD || result == RESULT_NEW)
		r->count[result == RESULT_OLD ? FIRST_OLD : FIRST_NEW]++;
	else
		r->count[FIRST_OTHER]++;
	if ((e == EXPECT_OLD && result != RESULT_OLD) || (e == EXPECT_NEW && result != RESULT_NEW))
		r->count[FIRST_LATE]++;
}

/* Sends a CPU (argument 1) to wait for SIPI and starts it again, over and over. */
static void bounce_body(struct run *r)
{
	unsigned int cpu = (unsigned int)r->arg[0];

	while (!r->stop && cpu != r->cpu && cpu < ncpus) {
		enum expectation e;

		cpu_reset(cpu);
		delay_us(r->arg[1]);
		e = expected_now;
		cpus[cpu].first_result = 0;
		if (cpu_start(cpu))
			count_first(r, cpus[cpu].first_result, e);
		else
			r->count[START_FAILED]++;
		r->count[STARTS]++;
	}
}

static const char *bounce_verdict(const struct run *r)
{
	if (!r->count[STARTS])
		return "no CPU was started";
	if (r->count[START_FAILED])
		return "a CPU did not come up";
	if (r->count[FIRST_OTHER])
		return "a first result that is neither old nor new";
	return r->count[FIRST_LATE] ? "a started CPU ran the wrong code" : NULL;
}

const struct job bounce_job = {
	.name = "bounce", .body = bounce_body, .verdict = bounce_verdict,
	.promise = "a CPU reset by INIT and started by SIPI runs the code that is in force",
	.counter = { "starts", "failed", "old", "new", "other", "late" },
};

static bool cpu_argument(char *args, unsigned int *cpu)
{
	uint64_t n;

	if (parse_number(next_word(&args), &n) && n > 0 && n < ncpus) {
		*cpu = (unsigned int)n;
		return true;
	}
	tap("no such CPU", "up or down");
	return false;
}

void command_up(char *args)
{
	unsigned int cpu;

	if (!cpu_argument(args, &cpu))
		return;
	tap(cpu_start(cpu) ? NULL : "does not come up", "up %u", cpu);
	print("# first cpu=%u result=0x%x\n", cpu, cpus[cpu].first_result);
}

void command_down(char *args)
{
	unsigned int cpu;

	if (!cpu_argument(args, &cpu))
		return;
	cpu_reset(cpu);
	tap(NULL, "down %u", cpu);
}

/* Enters @enter with the timer off, so that nothing interrupts it that was not sent to it. */
static void go_inside(struct run *r, void (*enter)(void))
{
	uint64_t start = rdtsc();

	/* The answer to the command gets out first. */
	while (rdtsc() - start < ms(ANSWER_MS))
		idle();
	apic_timer(false);
	if (r->arg[0] && r->cpu != 0)
		cli();
	r->count[0]++;
	enter();
	sti();
	apic_timer(true);
	r->count[1]++;
}

/*
 * Loops with its RIP inside an entry until it is moved out: by an NMI if it has
 * interrupts off (argument 1), by an IPI if not, by a byte on COM1 if it is
 * the boot CPU.
 */
static void straggle_body(struct run *r)
{
	/* Counts only while the CPU is inside. */
	if (r->cpu == 0)
		cpus[r->cpu].ipi_move_to = (uint64_t)straggle_out;
	go_inside(r, straggle_enter);
}

static void straggle_release(struct run *r)
{
	struct cpu *c = &cpus[r->cpu];

	if (r->arg[0]) {
		c->nmi_move_to = (uint64_t)straggle_out;
		apic_send(c->apic_id, ICR_NMI | ICR_ASSERT);
	} else {
		c->ipi_move_to = (uint64_t)straggle_out;
		apic_send(c->apic_id, ICR_FIXED | ICR_ASSERT | VEC_MOVE);
	}
}

static const char *straggle_verdict(const struct run *r)
{
	return r->count[0] == 1 && r->count[1] == 1 ? NULL : "did not come out";
}

const struct job straggle_job = {
	.name = "straggler", .body = straggle_body, .verdict = straggle_verdict,
	.promise = "a CPU that looped inside an entry is out again",
	.counter = { "in", "out" }, .release = straggle_release,
};

/* Halts with its RIP inside an entry; the next interrupt, or NMI (argument 1), lets it go on. */
static void halt_inside_body(struct run *r)
{
	go_inside(r, halt_inside_enter);
}

static void halt_inside_release(struct run *r)
{
	apic_send(cpus[r->cpu].apic_id, ICR_ASSERT | (r->arg[0] ? ICR_NMI : ICR_FIXED | VEC_FLOOD));
}

const struct job halt_inside_job = {
	.name = "halt-inside", .body = halt_inside_body, .verdict = straggle_verdict,
	.promise = "a CPU that halted inside an entry went on behind it",
	.counter = { "in", "out" }, .release = halt_inside_release,
};
