/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting, watching and stopping jobs. */
#include "guest-tests/guest/kernel/job.h"
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/x86.h"

#define STOP_WAIT_US	5000000u

static const struct job *const jobs[] = {
	&call_job, &checker_job, &sum_job, &poke_job, &poke_call_job, &greet_job, &cli_job,
	&halt_job, &halt_cli_job, &ipi_job, &nmi_job, &nmi_hold_job, &real_job, &bounce_job,
	&straggle_job, &halt_inside_job, &gap_job, &spin_job,
};

static struct run runs[ARRAY_SIZE(jobs)][MAX_CPUS];

volatile enum expectation expected_now;

static int find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		if (str_eq(jobs[i]->name, name))
			return (int)i;
	return -1;
}

static void thread(void *arg)
{
	struct run *r = arg;

	r->job->body(r);
	atomic_store(&r->active, false);
}

static const char *start_on(unsigned int j, unsigned int cpu, const uint64_t *arg)
{
	struct run *r = &runs[j][cpu];

	if (!cpus[cpu].online)
		return "CPU is not up";
	if (jobs[j]->needs_other && cpu == 0)
		return "not on the boot CPU";
	if (r->active)
		return "runs already";
	memset(r, 0, sizeof(*r));
	r->job = jobs[j];
	r->cpu = cpu;
	memcpy(r->arg, arg, sizeof(r->arg));
	r->active = true;
	if (thread_start(cpu, thread, r))
		return NULL;
	r->active = false;
	return "no thread left";
}

/* True if @where (all, others, N) covers @cpu. */
static bool covers(const char *where, unsigned int cpu)
{
	uint64_t n;

	if (str_eq(where, "all"))
		return cpus[cpu].online;
	if (str_eq(where, "others"))
		return cpu != 0 && cpus[cpu].online;
	return parse_number(where, &n) && n == cpu;
}

void command_start(char *args)
{
	const char *name = next_word(&args), *where = next_word(&args), *why = "no such CPU";
	uint64_t arg[JOB_ARGS] = { 0 };
	unsigned int cpu, i, n = 0;
	int j = find(name);

	for (i = 0; i < JOB_ARGS; i++)
		parse_number(next_word(&args), &arg[i]);
	if (j < 0) {
		tap("no such job", "start %s", name);
		return;
	}
	for (cpu = 0; cpu < ncpus; cpu++) {
		if (!covers(where, cpu))
			continue;
		why = start_on((unsigned int)j, cpu, arg);
		if (why)
			break;
		n++;
	}
	if (str_eq(where, "others") && ncpus == 1)
		why = NULL;
	tap(why, "start %s on %u CPUs", name, n);
}

static void show(const struct run *r)
{
	char line[256];
	size_t at = 0;
	unsigned int i;

	for (i = 0; i < JOB_COUNTERS && r->job->counter[i]; i++) {
		const char *name = r->job->counter[i];
		size_t n = strlen(name);

		if (at + n + 24 > sizeof(line))
			break;
		line[at++] = ' ';
		memcpy(line + at, name, n);
		at += n;
		line[at++] = '=';
		at += number_text(line + at, r->count[i]);
	}
	line[at] = '\0';
	print("# %s cpu=%u%s%s\n", r->job->name, r->cpu, r->active ? "" : " ended", line);
}

static void stop_one(struct run *r)
{
	uint64_t start = rdtsc();

	if (r->active && r->job->release)
		r->job->release(r);
	while (r->active && cpus[r->cpu].online &&
	       rdtsc() - start < tsc_hz / 1000000 * STOP_WAIT_US)
		idle();
}

static const char *stop_job(unsigned int j, unsigned int *n)
{
	const char *why = NULL;
	unsigned int cpu;

	for (cpu = 0; cpu < ncpus; cpu++)
		atomic_store(&runs[j][cpu].stop, true);
	for (cpu = 0; cpu < ncpus; cpu++) {
		struct run *r = &runs[j][cpu];

		if (!r->job)
			continue;
		stop_one(r);
		show(r);
		(*n)++;
		if (r->active && cpus[cpu].online)
			why = "does not stop";
		else if (!why && jobs[j]->verdict)
			why = jobs[j]->verdict(r);
		r->job = NULL;
	}
	return why;
}

void command_stop(char *args)
{
	const char *name = next_word(&args);
	bool all = str_eq(name, "all");
	unsigned int j, n, some = 0;

	for (j = 0; j < ARRAY_SIZE(jobs); j++) {
		const char *why;

		if (!all && !str_eq(jobs[j]->name, name))
			continue;
		n = 0;
		why = stop_job(j, &n);
		if (n)
			tap(why, "%s: %s", jobs[j]->name, jobs[j]->promise);
		some += n;
	}
	if (!some && !all)
		tap("does not run", "stop %s", name);
}

void command_status(char *args)
{
	unsigned int j, cpu;

	(void)args;
	for (cpu = 0; cpu < ncpus; cpu++)
		print("# cpu=%u apic=%u %s starts=%u first=%x ticks=%lu nmis=%lu ipis=%lu\n", cpu,
		      cpus[cpu].apic_id, cpus[cpu].online ? "up" : "down", cpus[cpu].starts,
		      cpus[cpu].first_result, cpus[cpu].ticks, cpus[cpu].nmis, cpus[cpu].ipis);
	for (j = 0; j < ARRAY_SIZE(jobs); j++)
		for (cpu = 0; cpu < ncpus; cpu++)
			if (runs[j][cpu].job)
				show(&runs[j][cpu]);
}
