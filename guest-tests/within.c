/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * within: runs a program and ends it when the machine that it waits for has had the given time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest-tests/machine_time.h"

enum { USAGE = 2, LATE = 124, NO_PROGRAM = 127 };

static int usage(void)
{
	fputs("usage: within SECONDS PROGRAM [WORD]...\n"
	      "Ends PROGRAM when the machine whose emulator is process MACHINE_PID (environment) has\n"
	      "had SECONDS of processor time, or has stood still for so long. Status: that of PROGRAM,\n"
	      "128 and the signal's number if one ended it, 124 time is up, 127 PROGRAM does not start.\n",
	      stderr);
	return USAGE;
}

static void run(char **argv, const sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(NO_PROGRAM);
}

static int wait_for(pid_t child, double limit, const sigset_t *set)
{
	const struct timespec tick = { .tv_nsec = 500000000 };
	struct machine_time time;
	int status;

	machine_time_start(&time);
	while (waitpid(child, &status, WNOHANG) != child) {
		int sig = sigtimedwait(set, NULL, &tick);

		if (sig > 0 && sig != SIGCHLD)
			kill(child, sig);
		if (machine_time(&time) <= limit)
			continue;
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		return LATE;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	sigset_t set, old;
	pid_t child;
	int status;

	if (argc < 3 || atof(argv[1]) <= 0)
		return usage();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &old);
	child = fork();
	if (child < 0) {
		perror("fork");
		return NO_PROGRAM;
	}
	if (!child)
		run(argv + 2, &old);
	status = wait_for(child, atof(argv[1]), &set);
	if (status == LATE)
		fprintf(stderr, "within: %s: no end within %s s of the machine's time\n", argv[2],
			argv[1]);
	return status;
}
