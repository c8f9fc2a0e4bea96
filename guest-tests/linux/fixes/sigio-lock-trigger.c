/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Has SIGIO and SIGURG sent to its process group, with the kernel's tracing on meanwhile.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t io, urgent;

static void on_signal(int sig)
{
	if (sig == SIGIO)
		io++;
	else
		urgent++;
}

static void tracing(const char *on)
{
	int fd = open("/sys/kernel/tracing/tracing_on", O_WRONLY);

	if (write(fd, on, 1) != 1)
		perror("tracing_on");
	close(fd);
}

int main(void)
{
	int pair[2], i;

	signal(SIGIO, on_signal);
	signal(SIGURG, on_signal);
	setpgid(0, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || fcntl(pair[0], F_SETOWN, -getpgrp()) ||
	    fcntl(pair[0], F_SETFL, O_ASYNC)) {
		perror("broken");
		return 1;
	}
	tracing("1");
	if (send(pair[1], "x", 1, 0) != 1 || send(pair[1], "y", 1, MSG_OOB) != 1)
		perror("broken");
	for (i = 0; i < 100 && !(io && urgent); i++)
		usleep(10000);
	tracing("0");
	printf("signals: %s %s\n", io ? "SIGIO" : "-", urgent ? "SIGURG" : "-");
	return !(io && urgent);
}
