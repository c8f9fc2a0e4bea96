/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time of the emulated machine, for programs that wait for its answer: a busy host slows the
 * machine down and must not shorten what a wait allows it. scripts/machine-time.sh is the same for
 * shell scripts.
 */
#ifndef GUEST_TESTS_MACHINE_TIME_H
#define GUEST_TESTS_MACHINE_TIME_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

/* Seconds between two looks at whether the machine runs at all. */
#define MACHINE_TIME_SAMPLE	1.0
/* A machine that used less than this part of the time, and does not wait for a processor, stands still. */
#define MACHINE_TIME_IDLE	0.05

struct machine_time {
	pid_t pid;			/* of the emulator; 0: none is known */
	clockid_t cpu;			/* the processor time of the emulator's process */
	double cpu_last, host_last;	/* at the last sample */
	double spent;			/* until then */
};

static inline double clock_seconds(clockid_t clock, double otherwise)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return otherwise;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * Starts to measure the machine whose emulator has the process id in the environment variable
 * MACHINE_PID; without one, the host's clock counts.
 */
static inline void machine_time_start(struct machine_time *m)
{
	const char *pid = getenv("MACHINE_PID");

	m->spent = 0;
	m->pid = pid ? (pid_t)atoi(pid) : 0;
	if (!m->pid || clock_getcpuclockid(m->pid, &m->cpu))
		m->cpu = CLOCK_MONOTONIC;
	m->cpu_last = clock_seconds(m->cpu, 0);
	m->host_last = clock_seconds(CLOCK_MONOTONIC, 0);
}

/* Does the machine wait for a processor, or run? Its state is the letter behind the name. */
static inline bool machine_wants_to_run(const struct machine_time *m)
{
	char path[40], text[200] = "", *name_end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)m->pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		*text = '\0';
	fclose(f);
	name_end = strrchr(text, ')');
	return name_end && !strncmp(name_end, ") R", 3);
}

/*
 * Returns the seconds since machine_time_start() that count: the processor time of the machine, and
 * the host's time while the machine stands still (it is stopped, has ended, or waits in a guest
 * that halts). Not more than the host's time. To be called at least once a second.
 */
static inline double machine_time(struct machine_time *m)
{
	double cpu = clock_seconds(m->cpu, m->cpu_last), host = clock_seconds(CLOCK_MONOTONIC, 0);
	double ran = cpu - m->cpu_last, passed = host - m->host_last;
	double counts = ran < passed ? ran : passed;

	if (passed < MACHINE_TIME_SAMPLE)
		return m->spent + counts;
	if (ran < passed * MACHINE_TIME_IDLE && !machine_wants_to_run(m))
		counts = passed;
	m->spent += counts;
	m->cpu_last = cpu;
	m->host_last = host;
	return m->spent;
}

#endif
