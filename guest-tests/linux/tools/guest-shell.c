/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest-shell: one piece of shell text for the Linux guest, which runs it (guest-tests/linux/init),
 * or a wait for something on its console. Prints what comes back. What the kernel says on the
 * same line outside of an answer goes to stderr. Bounded by the machine's time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "guest-tests/dial.h"
#include "guest-tests/machine_time.h"

/* Above what a shell command ends with. */
enum { USAGE = 250, LOST, LATE, PANIC };

#define LINE	1024
#define MARK	64
#define END	'\004'

struct session {
	int fd;
	struct machine_time time;
	double limit;		/* seconds */
	const char *wait;	/* part of a line */
	char tag[24];		/* of the command; empty when only waiting */
	bool past_panic;	/* a panic is not the end */
	bool inside;		/* the answer has begun */
	char line[LINE];	/* what came since the last line end, for wait and panics */
	size_t len;
	char mark[MARK];	/* what came since the last 0x01 */
	size_t mark_len;
	bool in_mark;
	int status;		/* -1: go on */
};

static int usage(FILE *to)
{
	fputs("usage: guest-shell [--timeout S] [--plain] [--past-panic] [--wait TEXT] SOCKET\n"
	      "	[SHELL TEXT]\n"
	      "Runs SHELL TEXT in the Linux guest, prints its output and ends with its status, or,\n"
	      "with --wait, prints until a line holds TEXT, whatever the status; SHELL TEXT may then\n"
	      "be missing. Outside of a subshell with --plain. Status: 250 usage, 251 the line is gone,\n"
	      "252 time is up (default 120 s, of the processor time of the emulator's process MACHINE_PID\n"
	      "if that is in the environment), 253 the guest panicked (--past-panic: that is no end).\n", to);
	return to == stdout ? 0 : USAGE;
}

static bool send_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t done = send(fd, text, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		text += done;
		n -= (size_t)done;
	}
	return true;
}

/* In a subshell, so that nothing in the text ends or changes the guest's first process. */
static bool send_command(struct session *s, const char *text, bool plain)
{
	char *all;
	int n;
	bool good;

	snprintf(s->tag, sizeof(s->tag), "%x.%lx", (unsigned int)getpid(),
		 (unsigned long)time(NULL) & 0xffff);
	n = asprintf(&all, plain ? "%s\t%s\n%c" : "%s\t(%s\n)%c", s->tag, text, END);
	if (n < 0)
		return false;
	good = send_all(s->fd, all, (size_t)n);
	free(all);
	return good;
}

/* Between two 0x01: the begin or the end of an answer, this one or one to an earlier command. */
static void take_mark(struct session *s)
{
	size_t tag = strlen(s->tag);

	s->mark[s->mark_len] = '\0';
	if (!tag || s->wait || strncmp(s->mark, s->tag, tag))
		return;
	if (!s->mark[tag])
		s->inside = true;
	else if (s->mark[tag] == '=' && s->inside)
		s->status = atoi(s->mark + tag + 1);
}

/* Panics are seen in any line, in answers too: the kernel breaks into those. */
static void take_line(struct session *s)
{
	s->line[s->len] = '\0';
	s->len = 0;
	if (s->wait && strstr(s->line, s->wait))
		s->status = 0;
	else if (!s->past_panic && strstr(s->line, "Kernel panic - not syncing"))
		s->status = PANIC;
}

static void take_byte(struct session *s, char c)
{
	if (s->in_mark && (c == '\001' || c == '\n' || s->mark_len == MARK - 1)) {
		s->in_mark = false;
		if (c == '\001') {
			take_mark(s);
			return;
		}
	} else if (s->in_mark) {
		s->mark[s->mark_len++] = c;
		return;
	} else if (c == '\001') {
		s->in_mark = true;
		s->mark_len = 0;
		return;
	}
	if (c == '\r')
		return;
	putc(c, s->inside || s->wait ? stdout : stderr);
	if (c == '\n')
		take_line(s);
	else if (s->len < LINE - 1)
		s->line[s->len++] = c;
}

static int listen_for(struct session *s)
{
	while (machine_time(&s->time) <= s->limit) {
		struct pollfd p = { .fd = s->fd, .events = POLLIN };
		char buf[4096];
		ssize_t n, i;

		if (poll(&p, 1, 500) <= 0)
			continue;
		n = read(s->fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return LOST;
		for (i = 0; i < n && s->status < 0; i++)
			take_byte(s, buf[i]);
		fflush(stdout);
		if (s->status >= 0)
			return s->status;
	}
	return LATE;
}

static bool read_options(struct session *s, int argc, char **argv, bool *plain)
{
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "wait", required_argument, NULL, 'w' },
		{ "plain", no_argument, NULL, 'p' },
		{ "past-panic", no_argument, NULL, 'P' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (c == 't')
			s->limit = atof(optarg);
		else if (c == 'w')
			s->wait = optarg;
		else if (c == 'p')
			*plain = true;
		else if (c == 'P')
			s->past_panic = true;
		else
			return false;
	}
	return argc - optind == 2 || (s->wait && argc - optind == 1);
}

int main(int argc, char **argv)
{
	struct session s = { .limit = 120, .status = -1 };
	bool plain = false;

	if (!read_options(&s, argc, argv, &plain))
		return usage(argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr);
	machine_time_start(&s.time);
	s.fd = dial(argv[optind]);
	if (s.fd < 0) {
		perror(argv[optind]);
		return LOST;
	}
	if (optind + 1 < argc && !send_command(&s, argv[optind + 1], plain))
		return LOST;
	return listen_for(&s);
}
