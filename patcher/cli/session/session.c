/* SPDX-License-Identifier: GPL-2.0-only */
/* Connecting to the hypervisor, requests to it, and the exit codes of their results. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "patcher/cli/base/out.h"
#include "patcher/cli/base/progress.h"
#include "patcher/cli/session/reply.h"
#include "patcher/cli/session/session.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	/* A second signal ends the program at once. */
	if (interrupted)
		_exit(128 + SIGINT);
	interrupted = 1;
}

bool session_interrupted(void)
{
	return interrupted;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

static bool cancelled(void *arg)
{
	(void)arg;
	return interrupted;
}

static void show_busy(void *arg, const struct line *part)
{
	struct session *s = arg;
	const char *phase = line_get(part, "phase"), *done = line_get(part, "done"),
		   *of = line_get(part, "of");
	uint64_t d = 0, o = 0;

	if (done)
		text_parse_u64(done, &d);
	if (of)
		text_parse_u64(of, &o);
	progress_show(s->cli, phase ? phase : "working", d, o);
}

/*
 * A request is sent again every 1.5 s at most, so that a lost line costs little, and as often as
 * --timeout has room for.
 */
static void set_patience(struct client *c, unsigned int timeout_ms)
{
	if (timeout_ms < 2 * c->timeout_ms)
		c->timeout_ms = timeout_ms / 2 + 1;
	c->tries = timeout_ms / c->timeout_ms;
	if (c->tries)
		c->tries--;
	c->busy_ms = c->timeout_ms / 3 + 1;
	if (c->grace_ms > c->timeout_ms)
		c->grace_ms = c->timeout_ms;
}

int session_connect(struct session *s, struct cli *cli)
{
	const struct client_io io = {
		.ctx = &s->line, .read = transport_read, .write = transport_write,
		.now = transport_now,
	};
	struct problems p = { 0 };
	int ret;

	memset(s, 0, sizeof(*s));
	s->cli = cli;
	s->line.fd = -1;
	if (!cli->connect)
		return out_error(cli, CLI_USAGE, "connect", "where is the hypervisor? Say "
				 "--connect or set SUBTEXT_CONNECT: a tty or pty, tcp:HOST:PORT "
				 "or unix:PATH");
	if (transport_open(&s->line, cli->connect, cli->timeout_ms, &p)) {
		ret = out_problems(cli, &p, NULL);
		problems_free(&p);
		return ret;
	}
	s->line.verbose = cli->verbose;
	catch_signals();
	client_init(&s->client, &io, (uint32_t)getpid());
	s->client.hooks = (struct client_hooks){
		.arg = s, .busy = show_busy, .cancelled = cancelled,
	};
	set_patience(&s->client, cli->timeout_ms);
	return CLI_OK;
}

static int say_hello(struct session *s)
{
	enum client_result r = client_hello(&s->client);

	if (r != CLIENT_DONE)
		return session_failed(s, r);
	s->hello = line_json(&s->client.reply, NULL);
	return CLI_OK;
}

int session_open(struct session *s, struct cli *cli)
{
	int ret = session_connect(s, cli);

	if (ret)
		return ret;
	ret = say_hello(s);
	if (ret)
		session_close(s);
	return ret;
}

void session_close(struct session *s)
{
	transport_close(&s->line);
	json_decref(s->hello);
	s->hello = NULL;
}

int session_run(struct cli *cli, int (*run)(struct session *s, void *arg), void *arg)
{
	struct session s;
	int ret = session_open(&s, cli);

	if (ret)
		return ret;
	ret = run(&s, arg);
	session_close(&s);
	return ret;
}

static int refused(struct session *s)
{
	static const char *const skip[] = { "code", NULL };
	const struct line *l = &s->client.reply;
	const char *code = line_get(l, "code");
	struct problems p = { 0 };
	char *sentence = refusal_sentence(l);
	int ret;

	problem(&p, CLI_REFUSED, code ? code : "refused", "refused: %s", sentence);
	ret = out_problems(s->cli, &p, line_json(l, skip));
	problems_free(&p);
	free(sentence);
	return ret;
}

int session_failed(struct session *s, enum client_result r)
{
	static const char *const codes[] = {
		[CLIENT_NO_ANSWER] = "no-answer", [CLIENT_GONE] = "closed", [CLIENT_LOST] = "lost",
	};

	progress_end(s->cli);
	if (r == CLIENT_REFUSED)
		return refused(s);
	if (r == CLIENT_BAD_REQUEST)
		return out_error(s->cli, CLI_USAGE, "too-long", "%s", client_result_text(r));
	if (r == CLIENT_NO_ANSWER)
		return out_error(s->cli, CLI_CONNECT, codes[r], "%s: %s within %u s (is the guest "
				 "running, and is this its second serial line?)", s->cli->connect,
				 client_result_text(r), (s->cli->timeout_ms + 999) / 1000);
	return out_error(s->cli, CLI_CONNECT, codes[r], "%s: %s%s", s->cli->connect,
			 client_result_text(r),
			 r == CLIENT_LOST ? "; `subtext list' shows it" : "");
}

int session_request(struct session *s, const char *request)
{
	enum client_result r = client_request(&s->client, request);

	progress_end(s->cli);
	return r == CLIENT_DONE ? CLI_OK : session_failed(s, r);
}
