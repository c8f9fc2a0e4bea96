/* SPDX-License-Identifier: GPL-2.0-only */
/* Jobs: what a CPU does until a command stops it, with counters and a verdict (job.c). */
#ifndef GUEST_JOB_H
#define GUEST_JOB_H

#include <stdbool.h>
#include <stdint.h>

#define JOB_COUNTERS	8u
#define JOB_ARGS	4u

struct run {
	const struct job *job;
	unsigned int cpu;
	volatile bool stop, active;
	uint64_t arg[JOB_ARGS];
	volatile uint64_t count[JOB_COUNTERS];
};

struct job {
	const char *name;
	void (*body)(struct run *r);		/* returns soon after r->stop */
	/* NULL, or what went wrong; asked when the job has stopped. May be NULL. */
	const char *(*verdict)(const struct run *r);
	const char *promise;			/* text of the TAP result */
	const char *counter[JOB_COUNTERS];
	/* Called after r->stop is set, for a job that does not look; may be NULL. */
	void (*release)(struct run *r);
	bool needs_other;			/* not on the boot CPU, whose console would be dead */
};

/* start JOB all|others|N [ARG]..., stop JOB|all, status. Arguments are parsed in place. */
void command_start(char *args);
void command_stop(char *args);
void command_status(char *args);

/* What a call that starts from now on may return. */
enum expectation { EXPECT_ANY, EXPECT_OLD, EXPECT_NEW };
extern volatile enum expectation expected_now;

/* scenario files */
extern const struct job call_job, checker_job, sum_job, poke_job, poke_call_job;
extern const struct job greet_job;
extern const struct job cli_job, halt_job, halt_cli_job, ipi_job, nmi_job, real_job, bounce_job;
extern const struct job straggle_job, halt_inside_job, gap_job, spin_job, nmi_hold_job;

#endif
