/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext console`: a terminal on the line, for a person who types the protocol. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/session/session.h"

#define QUIT CTRL(']')
/* After the end of piped input, answers are awaited until the line is quiet for QUIET_MS. */
#define QUIET_MS 1000
#define SLEEPS_MS 1500
#define WAKE_MS 250

/*
 * The hypervisor does not echo, and events may come while a line is being typed:
 * so the line is edited here and sent as a whole.
 */
struct console {
	struct session s;
	struct termios old;
	bool terminal;		/* standard input is one */
	char typed[LINE_MAX_LEN + 1];
	size_t ntyped;
	char in[LINE_MAX_LEN * 4];
	size_t nin;
	bool quit, eof;
	uint64_t last_sent;
};

static void redraw(const struct console *c)
{
	if (c->terminal)
		printf("\r\033[K> %.*s", (int)c->ntyped, c->typed);
	fflush(stdout);
}

static void print_line(struct console *c, const char *line, size_t len)
{
	if (c->terminal)
		fputs("\r\033[K", stdout);
	for (size_t i = 0; i < len; i++)
		putchar(line[i] >= ' ' && line[i] <= '~' ? line[i] : '?');
	fputs(c->terminal ? "\r\n" : "\n", stdout);
}

/* Bytes from the line: whole lines are shown. */
static void take_line(struct console *c, const char *buf, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool end = buf[i] == '\n' || buf[i] == '\r';

		if (!end)
			c->in[c->nin++] = buf[i];
		if ((end && c->nin) || c->nin == sizeof(c->in)) {
			print_line(c, c->in, c->nin);
			c->nin = 0;
		}
	}
	redraw(c);
}

/*
 * After a silence the hypervisor looks at its port so seldom that a whole line overruns it:
 * an empty one wakes it first (docs/protocol.md, "The line").
 */
static void wake(struct console *c)
{
	uint64_t now = transport_now(NULL);

	if (now - c->last_sent >= SLEEPS_MS) {
		if (transport_write(&c->s.line, "\n", 1))
			c->quit = true;
		poll(NULL, 0, WAKE_MS);
	}
	c->last_sent = transport_now(NULL);
}

static void send_typed(struct console *c)
{
	wake(c);
	c->typed[c->ntyped] = '\n';
	if (transport_write(&c->s.line, c->typed, c->ntyped + 1))
		c->quit = true;
	c->ntyped = 0;
	if (c->terminal)
		fputs("\r\n", stdout);
}

/* At a terminal, sends a line as if the user had typed it; what is typed already is dropped. */
static void type_line(struct console *c, const char *line)
{
	if (!c->terminal)
		return;
	c->ntyped = strlen(line);
	memcpy(c->typed, line, c->ntyped);
	redraw(c);
	send_typed(c);
}

static void take_key(struct console *c, char key)
{
	switch (key) {
	case QUIT:
		c->quit = c->terminal;
		break;
	case CTRL('C'):
	case CTRL('U'):
		c->ntyped = 0;
		break;
	case 0x7f:
	case '\b':
		c->ntyped -= c->ntyped > 0;
		break;
	case '\r':
	case '\n':
		send_typed(c);
		break;
	default:
		if (key >= ' ' && key <= '~' && c->ntyped < LINE_MAX_LEN)
			c->typed[c->ntyped++] = key;
	}
}

static void read_keys(struct console *c)
{
	char buf[256];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n <= 0)
		c->eof = n == 0 || errno != EINTR;
	for (ssize_t i = 0; i < n && !c->quit; i++)
		take_key(c, buf[i]);
	redraw(c);
}

/* Returns false when the line is gone. */
static bool step(struct console *c)
{
	struct pollfd fds[2] = {
		{ .fd = c->s.line.fd, .events = POLLIN },
		{ .fd = c->eof ? -1 : STDIN_FILENO, .events = POLLIN },
	};
	char buf[512];
	int n;

	n = poll(fds, 2, c->eof ? QUIET_MS : -1);
	if (n == 0 && c->eof)
		c->quit = true;
	if (n <= 0)
		return true;
	if (fds[1].revents)
		read_keys(c);
	if (!fds[0].revents)
		return true;
	n = transport_read(&c->s.line, buf, sizeof(buf), 0);
	if (n > 0)
		take_line(c, buf, (size_t)n);
	return n >= 0;
}

static void set_terminal(struct console *c)
{
	struct termios tio;

	c->terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
		!tcgetattr(STDIN_FILENO, &c->old);
	if (!c->terminal)
		return;
	tio = c->old;
	cfmakeraw(&tio);
	tcsetattr(STDIN_FILENO, TCSANOW, &tio);
	printf("connected to %s; `help' lists commands, Ctrl-] quits\r\n", c->s.cli->connect);
	redraw(c);
}

static int run(struct console *c)
{
	bool there = true;

	set_terminal(c);
	type_line(c, "events on");
	while (there && !c->quit && !session_interrupted())
		there = step(c);
	if (there)
		type_line(c, "events off");
	if (c->terminal) {
		fputs("\r\033[K", stdout);
		tcsetattr(STDIN_FILENO, TCSANOW, &c->old);
	}
	return there ? CLI_OK : session_failed(&c->s, CLIENT_GONE);
}

int cmd_console(struct cli *cli, int argc, char **argv)
{
	struct console *c;
	int ret;

	args_none("A terminal on the line; lines that you type are sent as they are. Events are "
		  "shown as they come; if standard input is no terminal, only after 'events on'."
		  "\vCtrl-] quits, Ctrl-U clears what was typed.", cli, argc, argv);
	if (cli->json)
		return out_error(cli, CLI_USAGE, "usage", "console has no --json");
	c = xalloc(sizeof(*c));
	ret = session_connect(&c->s, cli);
	if (!ret) {
		ret = run(c);
		session_close(&c->s);
	}
	free(c);
	return ret;
}
