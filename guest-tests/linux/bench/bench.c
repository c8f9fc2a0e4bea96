/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bench in the guest: what spinning threads see while the kernel function of bench_ways.c is
 * replaced, and what calling it costs.
 *	bench spin GAP			a thread on each CPU reads the TSC for ever; goes to the background
 *	bench idle MS N			N times nothing for MS milliseconds: a baseline
 *	bench way NAME N		the function replaced by NAME and put back, N times
 *	bench seen N			the last N changes that another program made
 *	bench cost NAME N		N times many calls of the function, replaced by NAME or, if
 *					NAME is none of the ways, as it is
 *	bench watch			the timer that `seen` needs, from now on
 * Each thread notes the gaps between its readings that are not shorter than GAP, and whether a
 * timer interrupt was in them. GAP is well above what the loop takes by itself. Results, one line for each change:
 *	# gap way= to= others= others_any= worker_any= over=
 * `others`: the largest of CPUs other than 0 without a timer interrupt in it; `others_any`: with or
 * without one; `worker_any`: of CPU 0, where the work is done; `over`: the time looked at.
 *	# cost way= calls= ticks= loop=
 * All in ticks of the TSC.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>
#include "bench_shared.h"

#define PROC		"/proc/bench"
#define RINGS		"/tmp/bench-rings"
#define TRANSITION	"/sys/kernel/livepatch/bench_ways/transition"
#define LIVE		"/sys/kernel/livepatch/bench_ways/enabled"
#define PAGE		4096
#define RING		65536
#define CALLS		20000

struct gap {
	uint64_t from, to;
	uint32_t ticks;		/* timer interrupts in it */
};

struct ring {
	uint64_t n;		/* gaps noted; the last RING of them are in `gaps` */
	struct gap gaps[RING];
};

static struct ring *rings;
static const struct bench_shared *shared;
static int proc, cpus;
static uint64_t least_gap;

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	_mm_lfence();
	return __rdtsc();
}

static const void *map(unsigned int page)
{
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, proc, (off_t)page * PAGE);

	if (p == MAP_FAILED)
		die("mmap " PROC);
	return p;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static void setup(void)
{
	int fd;

	proc = open(PROC, O_RDWR);
	if (proc < 0)
		die(PROC);
	shared = map(0);
	cpus = (int)shared->cpus;
	fd = open(RINGS, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)(cpus * sizeof(struct ring))))
		die(RINGS);
	rings = mmap(NULL, cpus * sizeof(struct ring), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, fd, 0);
	if (rings == MAP_FAILED)
		die("mmap " RINGS);
	close(fd);
}

/* ---- the threads ---- */

/*
 * The count of interrupts that belongs to a reading is taken before it, and the one that it is
 * compared with after the next, so that an interrupt within the gap is never missed.
 */
static void *spin(void *arg)
{
	int cpu = (int)(intptr_t)arg;
	const volatile uint32_t *count = (const volatile uint32_t *)
		((const char *)map(1 + cpu) + shared->timer_offset[cpu]);
	struct ring *r = &rings[cpu];
	uint64_t last, t;
	uint32_t before, before_last = *count;

	pin(cpu);
	for (last = now();; last = t, before_last = before) {
		before = *count;
		t = __rdtsc();
		if (t - last < least_gap)
			continue;
		r->gaps[r->n % RING] = (struct gap){ last, t, *count - before_last };
		__atomic_store_n(&r->n, r->n + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void run_threads(void)
{
	pthread_t thread;
	intptr_t cpu;
	int fd;

	setsid();
	for (fd = 0; fd < 3; fd++)
		close(fd);
	for (cpu = 1; cpu < cpus; cpu++)
		if (pthread_create(&thread, NULL, spin, (void *)cpu))
			_exit(1);
	spin((void *)0);
}

/* Comes back when each of them runs: a timer interrupt is a gap. */
static void start_threads(void)
{
	int cpu, tries;

	memset(rings, 0, cpus * sizeof(struct ring));
	if (fork() == 0)
		run_threads();
	for (cpu = 0; cpu < cpus; cpu++) {
		for (tries = 0; tries < 1000 && !__atomic_load_n(&rings[cpu].n, __ATOMIC_ACQUIRE); tries++)
			usleep(10000);
		if (tries == 1000)
			die("no thread spins");
	}
}

/* ---- gaps ---- */

struct largest {
	uint64_t untimed, any;
};

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The largest gaps of a CPU that touch an interval. */
static void find(int cpu, uint64_t from, uint64_t to, struct largest *l)
{
	const struct ring *r = &rings[cpu];
	uint64_t n = __atomic_load_n(&r->n, __ATOMIC_ACQUIRE), i;

	for (i = n > RING - 16 ? n - RING + 16 : 0; i < n; i++) {
		const struct gap *g = &r->gaps[i % RING];

		if (g->to < from || g->from > to)
			continue;
		l->any = max(l->any, g->to - g->from);
		if (!g->ticks)
			l->untimed = max(l->untimed, g->to - g->from);
	}
}

static void report(const char *way, const char *what, uint64_t from, uint64_t to)
{
	struct largest others = { 0, 0 }, worker = { 0, 0 };
	int cpu;

	find(0, from, to, &worker);
	for (cpu = 1; cpu < cpus; cpu++)
		find(cpu, from, to, &others);
	printf("# gap way=%s to=%s others=%llu others_any=%llu worker_any=%llu over=%llu\n", way, what,
	       (unsigned long long)others.untimed, (unsigned long long)others.any,
	       (unsigned long long)worker.any, (unsigned long long)(to - from));
}

/* ---- the ways ---- */

static void say_to(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		die(line);
	close(fd);
}

/* Until livepatch has brought every task over; when it is switched off, its folder is gone then. */
static void wait_for_livepatch(void)
{
	char c;
	int fd;

	for (;; usleep(10000)) {
		fd = open(TRANSITION, O_RDONLY);
		if (fd < 0)
			return;
		c = '1';
		if (read(fd, &c, 1) < 0)
			c = '0';
		close(fd);
		if (c == '0')
			return;
	}
}

static void change(const char *way, int on)
{
	char line[32];

	if (!strcmp(way, "livepatch")) {
		say_to(on ? PROC : LIVE, on ? "livepatch on" : "0");
		wait_for_livepatch();
		return;
	}
	snprintf(line, sizeof(line), "%s %s", way, on ? "on" : "off");
	say_to(PROC, line);
}

static bool is_way(const char *name)
{
	static const char *const ways[] = { "livepatch", "kprobe", "kprobe-empty", "stop_machine" };
	unsigned int i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(name, ways[i]))
			return true;
	return false;
}

static void cost(const char *name, int n)
{
	unsigned long long ticks, loop;
	char line[64];

	if (is_way(name))
		change(name, 1);
	while (n--) {
		snprintf(line, sizeof(line), "cost %d", CALLS);
		say_to(PROC, line);
		memset(line, 0, sizeof(line));
		if (pread(proc, line, sizeof(line) - 1, 0) < 0 ||
		    sscanf(line, "cost %llu %llu", &ticks, &loop) != 2)
			die("cost");
		printf("# cost way=%s calls=%d ticks=%llu loop=%llu\n", name, CALLS, ticks, loop);
	}
	if (is_way(name))
		change(name, 0);
}

/* The threads need a moment after the last change, and the ring must hold what is looked for. */
#define SETTLE	50000	/* us */

static void measure(const char *way, int on)
{
	uint64_t from, to;

	usleep(SETTLE);
	from = now();
	change(way, on);
	to = now();
	usleep(SETTLE);
	report(way, on ? "on" : "off", from, to);
}

static void measure_way(const char *way, int n)
{
	while (n--) {
		measure(way, 1);
		measure(way, 0);
	}
}

static void measure_idle(int ms, int n)
{
	uint64_t from, to;

	while (n--) {
		usleep(SETTLE);
		from = now();
		usleep((useconds_t)ms * 1000);
		to = now();
		usleep(SETTLE);
		report("idle", "-", from, to);
	}
}

/*
 * Changes made from beneath, as the watch saw them. What was done for them began some milliseconds
 * before, when the request was complete, and goes on until the answer is sent; what belongs to the
 * change before is not looked at.
 */
#define BEFORE	300000		/* ticks */
#define AFTER	60000

static void measure_seen(int n)
{
	uint64_t last = __atomic_load_n(&shared->changes, __ATOMIC_ACQUIRE), i, from;

	if ((uint64_t)n > last || n > BENCH_CHANGES - 1) {
		errno = ERANGE;
		die("seen");
	}
	for (i = last - (uint64_t)n; i < last; i++) {
		const struct bench_change *c = &shared->change[i % BENCH_CHANGES];

		from = c->before - BEFORE;
		if (i)
			from = max(from, shared->change[(i - 1) % BENCH_CHANGES].after + AFTER);
		report("subtext", c->value == 1 ? "off" : "on", from, c->after + AFTER);
	}
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int n = atoi(argv[argc - 1]);

	setvbuf(stdout, NULL, _IOFBF, 65536);
	setup();
	pin(0);
	least_gap = (uint64_t)n;
	if (!strcmp(verb, "spin") && argc == 3)
		start_threads();
	else if (!strcmp(verb, "idle") && argc == 4)
		measure_idle(atoi(argv[2]), n);
	else if (!strcmp(verb, "way") && argc == 4)
		measure_way(argv[2], n);
	else if (!strcmp(verb, "seen") && argc == 3)
		measure_seen(n);
	else if (!strcmp(verb, "cost") && argc == 4)
		cost(argv[2], n);
	else if (!strcmp(verb, "watch") && argc == 2)
		say_to(PROC, "watch");
	else
		return 2;
	return 0;
}
