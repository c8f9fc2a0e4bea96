/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest-line: one command for the test guest's console, or a wait for something
 * it says. Prints every line it reads. Bounded by the machine's time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "guest-tests/dial.h"
#include "guest-tests/machine_time.h"

#define LINE 1024
#define POLL_MS 500

enum { GOOD, NOT_OK, USAGE, LOST, LATE, PANIC };

struct session {
	int fd;
	struct machine_time time;
	double limit;		/* seconds */
	const char *end;	/* ends the wait: a whole line, or */
	const char *text;	/* part of a line */
	bool not_ok;
	char line[LINE];
	size_t len;
};

static int usage(FILE *to)
{
	fputs("usage: guest-line [--timeout S] [--wait TEXT] SOCKET [COMMAND [WORD]...]\n"
	      "Sends COMMAND and prints what the guest says until the answer is over, or, with\n"
	      "--wait, sends COMMAND as it is and prints until a line holds TEXT. Status: 0 good,\n"
	      "1 a result was \"not ok\", 2 usage, 3 the line is gone, 4 time is up (default\n"
	      "120 s, of the processor time of the emulator's process MACHINE_PID if that is in\n"
	      "the environment), 5 the guest panicked.\n", to);
	return to == stdout ? GOOD : USAGE;
}

/* A whole line is in s->line. Returns a status, or -1 to go on. */
static int judge(struct session *s)
{
	puts(s->line);
	fflush(stdout);
	if (!strncmp(s->line, "PANIC", 5))
		return PANIC;
	if (!strncmp(s->line, "not ok", 6))
		s->not_ok = true;
	if ((s->end && !strcmp(s->line, s->end)) || (s->text && strstr(s->line, s->text)))
		return s->not_ok ? NOT_OK : GOOD;
	return -1;
}

static int eat(struct session *s, const char *buf, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (buf[i] == '\r')
			continue;
		if (buf[i] != '\n') {
			if (s->len < LINE - 1)
				s->line[s->len++] = buf[i];
			continue;
		}
		s->line[s->len] = '\0';
		s->len = 0;
		int status = judge(s);

		if (status >= 0)
			return status;
	}
	return -1;
}

static int listen_for(struct session *s)
{
	while (machine_time(&s->time) <= s->limit) {
		struct pollfd p = { .fd = s->fd, .events = POLLIN };
		char buf[4096];
		ssize_t n;
		int status;

		if (poll(&p, 1, POLL_MS) <= 0)
			continue;
		n = read(s->fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return LOST;
		status = eat(s, buf, (size_t)n);
		if (status >= 0)
			return status;
	}
	return LATE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "wait", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct session s = { .limit = 120 };
	char end[32], command[LINE] = "";
	int c, i;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (c == 't')
			s.limit = atof(optarg);
		else if (c == 'w')
			s.text = optarg;
		else
			return usage(c == 'h' ? stdout : stderr);
	}
	if (optind >= argc || (optind + 1 == argc && !s.text))
		return usage(stderr);
	machine_time_start(&s.time);
	s.fd = dial(argv[optind]);
	if (s.fd < 0) {
		perror(argv[optind]);
		return LOST;
	}
	if (optind + 1 < argc && !s.text) {
		/* The word marks the end of this answer, not of one to an earlier program that gave up. */
		snprintf(end, sizeof(end), ".@%x", (unsigned int)getpid());
		strcpy(command, end + 1);
		s.end = end;
	}
	for (i = optind + 1; i < argc && strlen(command) + strlen(argv[i]) + 3 < LINE; i++) {
		if (*command)
			strcat(command, " ");
		strcat(command, argv[i]);
	}
	strcat(command, "\n");
	if (optind + 1 < argc && send(s.fd, command, strlen(command), MSG_NOSIGNAL) < 0)
		return LOST;
	return listen_for(&s);
}
