/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread is held at the entry of a system call; meanwhile another forbids it that call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between the tracer and its child, whose first thread calls and whose second forbids. */
static volatile struct {
	int traced, held, forbidden, called;
	int first, second;	/* errors of both calls */
} *shared;

static int forbid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
}

static void *second_thread(void *unused)
{
	while (!shared->held)
		usleep(1000);
	shared->forbidden = forbid() ? -1 : 1;
	return unused;
}

static int call(void)
{
	return syscall(SYS_getppid) < 0 ? errno : 0;
}

static void child(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, second_thread, NULL);
	while (!shared->traced)
		;
	shared->first = call();
	shared->second = call();
	shared->called = 1;
	_exit(0);
}

/* Lets the thread run to its call and holds it there. */
static int hold(pid_t pid)
{
	struct user_regs_struct regs;
	int status, stops;

	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) ||
	    ptrace(PTRACE_INTERRUPT, pid, 0, 0) || waitpid(pid, &status, __WALL) != pid)
		return -1;
	shared->traced = 1;
	for (stops = 0; stops < 100; stops++) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, 0) || waitpid(pid, &status, __WALL) != pid ||
		    !WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, pid, 0, &regs))
			return -1;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && regs.orig_rax == SYS_getppid)
			return 0;
	}
	return -1;
}

int main(void)
{
	int i, status;
	pid_t pid;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = fork();
	if (!pid)
		child();
	if (hold(pid)) {
		printf("broken: ptrace: %s\n", strerror(errno));
		kill(pid, SIGKILL);
		return 1;
	}
	shared->held = 1;
	for (i = 0; i < 1000 && !shared->forbidden; i++)
		usleep(1000);
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	if (shared->forbidden != 1 || !shared->called || shared->second != EACCES)
		printf("broken: filter %d, calls %d %d\n", shared->forbidden, shared->first,
		       shared->second);
	else if (!shared->first)
		printf("old: a call goes past the filter\n");
	else
		printf("fixed: the filter forbids the call: %s\n", strerror(shared->first));
	return 0;
}
