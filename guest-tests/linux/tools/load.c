/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs in the Linux guest, static. Keeps all CPUs busy with work whose results are known
 * beforehand, and checks each of them: work that gets lost under a patch is an error here.
 *
 *	load run STOPFILE [MODULE.ko]...	a set of workers on each CPU, and one that
 *						loads and unloads each module
 *	load watch STOPFILE			calls what patches/load.c replaces again and
 *						again, takes only the old and the new answers
 *	load once				the same once: says "old" or "new"
 *
 * Both end when STOPFILE is there, print one line, and exit with 0 if all was well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_WORKERS	64
#define BLOCK		4096
#define FILE_BLOCKS	8
#define PIPE_BLOCKS	16
#define STUCK_S		120	/* without any round, in the guest's own time */
#define PARENT_BIT	(1 << 30)
#define SHOW_CALLS	(-77)
#define SHOW_COUNTERS	3
#define FIRST_LINE	"patched from beneath\n"

struct worker {
	const char *kind;
	int (*round)(struct worker *w);
	const char *arg;
	int cpu;		/* -1: any */
	pid_t pid;
	atomic_ulong rounds, errors;
	unsigned long seen;	/* by the parent */
	time_t since;
};

static struct shared {
	atomic_bool stop;
	struct worker workers[MAX_WORKERS];
	unsigned int n;
} *shared;

/* Says what is wrong and counts it. Always returns -1. */
__attribute__((format(printf, 2, 3)))
static int wrong(struct worker *w, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (atomic_fetch_add(&w->errors, 1) < 5)
		printf("# %s on cpu %d, round %lu: %s\n", w->kind, w->cpu,
		       atomic_load(&w->rounds), text);
	return -1;
}

static void on_cpu(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* ---- what the workers do, one round each ---- */

/* A number that depends on all bytes before it. */
static uint32_t mix(uint32_t x)
{
	x ^= x << 13;
	x ^= x >> 17;
	return x ^ x << 5;
}

static void fill(uint32_t *block, uint32_t seed)
{
	for (size_t i = 0; i < BLOCK / sizeof(*block); i++)
		block[i] = seed = mix(seed + 1);
}

static bool filled(const uint32_t *block, uint32_t seed)
{
	for (size_t i = 0; i < BLOCK / sizeof(*block); i++)
		if (block[i] != (seed = mix(seed + 1)))
			return false;
	return true;
}

/* A child ends with the status that it was given, and no other. */
static int reap(struct worker *w, pid_t pid, int want)
{
	int status;

	if (pid < 0)
		return wrong(w, "fork: %s", strerror(errno));
	if (waitpid(pid, &status, 0) != pid)
		return wrong(w, "waitpid: %s", strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != want)
		return wrong(w, "a child ended with 0x%x instead of %d", status, want);
	return 0;
}

/* The answer of the old or of the new getppid(). */
static bool is_parent(long got, pid_t parent)
{
	return got == parent || got == (parent | PARENT_BIT);
}

static int round_fork(struct worker *w)
{
	int want = 1 + (int)(atomic_load(&w->rounds) % 100);
	pid_t parent = getpid(), pid = fork();

	if (!pid)
		_exit(is_parent(syscall(SYS_getppid), parent) ? want : 111);
	return reap(w, pid, want);
}

static int round_exec(struct worker *w)
{
	int want = 1 + (int)(atomic_load(&w->rounds) % 100);
	char number[16];
	pid_t pid = vfork();

	if (!pid) {
		snprintf(number, sizeof(number), "%d", want);
		execl("/proc/self/exe", "load", "child", number, (char *)NULL);
		_exit(112);
	}
	return reap(w, pid, want);
}

static int write_file(struct worker *w, int fd, uint32_t seed)
{
	uint32_t block[BLOCK / 4];

	for (uint32_t i = 0; i < FILE_BLOCKS; i++) {
		fill(block, seed + i);
		if (write(fd, block, BLOCK) != BLOCK)
			return wrong(w, "write: %s", strerror(errno));
	}
	return 0;
}

static int read_file(struct worker *w, int fd, uint32_t seed)
{
	uint32_t block[BLOCK / 4];

	for (uint32_t i = 0; i < FILE_BLOCKS; i++) {
		if (read(fd, block, BLOCK) != BLOCK)
			return wrong(w, "read: %s", strerror(errno));
		if (!filled(block, seed + i))
			return wrong(w, "block %u read is not block %u written", i, i);
	}
	return read(fd, block, 1) ? wrong(w, "the file is longer than written") : 0;
}

static int round_file(struct worker *w)
{
	uint32_t seed = (uint32_t)atomic_load(&w->rounds) * 64 + (uint32_t)w->cpu;
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/tmp/load.%d", w->cpu);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return wrong(w, "%s: %s", path, strerror(errno));
	ret = write_file(w, fd, seed);
	if (!ret && lseek(fd, 0, SEEK_SET))
		ret = wrong(w, "lseek: %s", strerror(errno));
	if (!ret)
		ret = read_file(w, fd, seed);
	if (close(fd) || unlink(path))
		ret = wrong(w, "close, unlink: %s", strerror(errno));
	return ret;
}

/* Sends each block with its number, through a pipe that is not always filled by whole blocks. */
static void pipe_child(int fd, uint32_t seed)
{
	uint32_t block[BLOCK / 4];

	for (uint32_t i = 0; i < PIPE_BLOCKS; i++) {
		const char *at = (const char *)block;
		size_t left = BLOCK;

		fill(block, seed + i);
		while (left) {
			ssize_t n = write(fd, at, left > 1000 ? 1000 : left);

			if (n <= 0)
				_exit(113);
			at += n;
			left -= (size_t)n;
		}
	}
	_exit(7);
}

static int drain(struct worker *w, int fd, uint32_t seed)
{
	uint32_t block[BLOCK / 4];

	for (uint32_t i = 0; i < PIPE_BLOCKS; i++) {
		size_t have = 0;

		while (have < BLOCK) {
			ssize_t n = read(fd, (char *)block + have, BLOCK - have);

			if (n <= 0)
				return wrong(w, "the pipe ended in block %u", i);
			have += (size_t)n;
		}
		if (!filled(block, seed + i))
			return wrong(w, "block %u of the pipe is not what was sent", i);
	}
	return read(fd, block, 1) ? wrong(w, "more came out of the pipe than went in") : 0;
}

static int round_pipe(struct worker *w)
{
	uint32_t seed = (uint32_t)atomic_load(&w->rounds) * 64 + (uint32_t)w->cpu;
	int fds[2], ret;
	pid_t pid;

	if (pipe(fds))
		return wrong(w, "pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		close(fds[0]);
		pipe_child(fds[1], seed);
	}
	close(fds[1]);
	ret = drain(w, fds[0], seed);
	close(fds[0]);
	return reap(w, pid, 7) || ret ? -1 : 0;
}

/* "dir/name-x.ko" -> "name_x", as the kernel calls it. */
static void module_name(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');

	snprintf(name, size, "%s", slash ? slash + 1 : path);
	name[strcspn(name, ".")] = '\0';
	for (; *name; name++)
		if (*name == '-')
			*name = '_';
}

static int round_module(struct worker *w)
{
	int fd = open(w->arg, O_RDONLY | O_CLOEXEC);
	char name[64], dir[96];
	long ret;

	if (fd < 0)
		return wrong(w, "%s: %s", w->arg, strerror(errno));
	module_name(w->arg, name, sizeof(name));
	snprintf(dir, sizeof(dir), "/sys/module/%s", name);
	ret = syscall(SYS_finit_module, fd, "", 0);
	if (ret)
		ret = wrong(w, "loading %s: %s", name, strerror(errno));
	else if (access(dir, F_OK))
		ret = wrong(w, "%s is loaded and not there", name);
	close(fd);
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		ret = wrong(w, "unloading %s: %s", name, strerror(errno));
	else if (!access(dir, F_OK))
		ret = wrong(w, "%s is unloaded and still there", name);
	return ret ? -1 : 0;
}

/* ---- the workers ---- */

static const struct {
	const char *kind;
	int (*round)(struct worker *w);
} kinds[] = {
	{ "fork", round_fork },
	{ "exec", round_exec },
	{ "file", round_file },
	{ "pipe", round_pipe },
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static void add_worker(const char *kind, int (*round)(struct worker *w), const char *arg, int cpu)
{
	if (shared->n < MAX_WORKERS)
		shared->workers[shared->n++] = (struct worker){
			.kind = kind, .round = round, .arg = arg, .cpu = cpu };
}

static void start(struct worker *w)
{
	pid_t pid = fork();

	if (pid) {
		w->pid = pid;
		w->since = time(NULL);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	on_cpu(w->cpu);
	while (!atomic_load(&shared->stop)) {
		w->round(w);
		atomic_fetch_add(&w->rounds, 1);
	}
	exit(0);
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* Until the test says stop; a worker that does nothing any more ends it too. */
static bool supervise(const char *stopfile)
{
	const struct timespec pause = { .tv_nsec = 100000000 };

	while (!exists(stopfile)) {
		nanosleep(&pause, NULL);
		for (unsigned int i = 0; i < shared->n; i++) {
			struct worker *w = &shared->workers[i];

			if (atomic_load(&w->rounds) != w->seen) {
				w->seen = atomic_load(&w->rounds);
				w->since = time(NULL);
			} else if (time(NULL) - w->since > STUCK_S) {
				wrong(w, "stuck for %d s", STUCK_S);
				return false;
			}
		}
	}
	return true;
}

static unsigned long sum(const char *kind, unsigned long *errors)
{
	unsigned long rounds = 0;

	for (unsigned int i = 0; i < shared->n; i++) {
		struct worker *w = &shared->workers[i];

		if (strcmp(w->kind, kind))
			continue;
		if (!atomic_load(&w->rounds))
			wrong(w, "not a single round");
		rounds += atomic_load(&w->rounds);
		*errors += atomic_load(&w->errors);
	}
	return rounds;
}

static int report(void)
{
	unsigned long errors = 0;

	for (unsigned int i = 0; i < shared->n; i++) {
		struct worker *w = &shared->workers[i];
		int status = 0;

		if (waitpid(w->pid, &status, 0) != w->pid || status)
			wrong(w, "the worker ended with 0x%x", status);
	}
	printf("load:");
	for (size_t i = 0; i < NKINDS; i++)
		printf(" %s=%lu", kinds[i].kind, sum(kinds[i].kind, &errors));
	printf(" module=%lu", sum("module", &errors));
	printf(" errors=%lu\n", errors);
	return errors ? 1 : 0;
}

static int run(const char *stopfile, char **modules)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	bool stuck;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	for (int cpu = 0; cpu < cpus; cpu++)
		for (size_t i = 0; i < NKINDS; i++)
			add_worker(kinds[i].kind, kinds[i].round, NULL, cpu);
	for (; *modules; modules++)
		add_worker("module", round_module, *modules, -1);
	for (unsigned int i = 0; i < shared->n; i++)
		start(&shared->workers[i]);
	printf("load: running\n");
	stuck = !supervise(stopfile);
	atomic_store(&shared->stop, true);
	/* What is stuck would keep report() waiting for ever. */
	for (unsigned int i = 0; i < shared->n && stuck; i++)
		kill(shared->workers[i].pid, SIGKILL);
	return report();
}

/* ---- the watcher ---- */

enum answer { OLD, NEW, WRONG };

struct watch {
	char version[512];	/* what /proc/version says unpatched */
	pid_t parent;
	long counters[SHOW_COUNTERS];
	unsigned long answers[3], switches;
	enum answer last;
	int console;
};

static enum answer ask_parent(const struct watch *w)
{
	long got = syscall(SYS_getppid);

	return got == w->parent ? OLD : got == (w->parent | PARENT_BIT) ? NEW : WRONG;
}

/* New: a counter that never goes back. */
static enum answer ask_counter(struct watch *w, int i)
{
	long got = syscall(SYS_getpgid, SHOW_CALLS - i);

	if (got < 0)
		return errno == ESRCH ? OLD : WRONG;
	if (got < w->counters[i])
		return WRONG;
	w->counters[i] = got;
	return NEW;
}

static bool read_version(char *text, size_t size)
{
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

static enum answer ask_version(const struct watch *w)
{
	char text[sizeof(w->version) + sizeof(FIRST_LINE)];
	size_t n = strlen(FIRST_LINE);

	if (!read_version(text, sizeof(text)))
		return WRONG;
	if (!strcmp(text, w->version))
		return OLD;
	return !strncmp(text, FIRST_LINE, n) && !strcmp(text + n, w->version) ? NEW : WRONG;
}

/* The test waits for this line before it changes the patch again. */
static void tell_switch(const struct watch *w)
{
	dprintf(w->console, "watch: %s\n", w->last == NEW ? "live" : "reverted");
}

/* The patch comes and goes between two questions: each may be answered by another side. */
static void ask_all(struct watch *w)
{
	for (int i = 0; i < 2 + SHOW_COUNTERS; i++) {
		enum answer a = i == 0 ? ask_parent(w) : i == 1 ? ask_version(w) :
			ask_counter(w, i - 2);

		w->answers[a]++;
		if (a == WRONG && w->answers[WRONG] <= 5)
			printf("# question %d has a wrong answer\n", i);
		if (a != WRONG && a != w->last) {
			w->switches++;
			w->last = a;
			tell_switch(w);
		}
	}
}

static bool watch_init(struct watch *w)
{
	memset(w, 0, sizeof(*w));
	w->console = -1;
	w->parent = getppid() & ~PARENT_BIT;
	if (!read_version(w->version, sizeof(w->version)))
		return false;
	if (!strncmp(w->version, FIRST_LINE, strlen(FIRST_LINE)))
		memmove(w->version, w->version + strlen(FIRST_LINE),
			strlen(w->version + strlen(FIRST_LINE)) + 1);
	return true;
}

/* Above the load, so that it sees a change soon; asleep half of the time. */
static int watch(const char *stopfile)
{
	const struct sched_param prio = { .sched_priority = 10 };
	const struct timespec pause = { .tv_nsec = 500000 };
	unsigned int n = 0;
	struct watch w;

	if (!watch_init(&w))
		return 1;
	w.console = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (w.console < 0)
		return 1;
	on_cpu((int)sysconf(_SC_NPROCESSORS_ONLN) - 1);
	if (sched_setscheduler(0, SCHED_FIFO, &prio))
		printf("# no real-time priority: %s\n", strerror(errno));
	printf("watch: running\n");
	while (++n % 64 || !exists(stopfile)) {
		ask_all(&w);
		nanosleep(&pause, NULL);
	}
	printf("watch: old=%lu new=%lu wrong=%lu switches=%lu calls=%ld ticks=%ld softirqs=%ld\n",
	       w.answers[OLD], w.answers[NEW], w.answers[WRONG], w.switches, w.counters[0],
	       w.counters[1], w.counters[2]);
	return w.answers[WRONG] ? 1 : 0;
}

static int once(void)
{
	struct watch w;

	if (!watch_init(&w))
		return 1;
	ask_all(&w);
	puts(w.answers[OLD] == 2 + SHOW_COUNTERS ? "old" :
	     w.answers[NEW] == 2 + SHOW_COUNTERS ? "new" : "neither");
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc >= 3 && !strcmp(argv[1], "run"))
		return run(argv[2], argv + 3);
	if (argc == 3 && !strcmp(argv[1], "watch"))
		return watch(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "once"))
		return once();
	if (argc == 3 && !strcmp(argv[1], "child"))
		return atoi(argv[2]);
	fprintf(stderr, "usage: load run STOPFILE [MODULE.ko]... | watch STOPFILE | once\n");
	return 2;
}
