/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext cycle`: applies and reverts a held patch again and again and measures the pauses. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/session/patches.h"

#define MAX_CYCLES 1000000

struct cycle_args {
	const char *patch, *check;
	unsigned long n;
};

enum { TSC, NS, NUNITS };

static const char *const units[NUNITS] = { [TSC] = "pause_tsc", [NS] = "pause_ns" };

/* How long the CPUs were stopped in one direction, in each unit. */
struct pauses {
	uint64_t *v[NUNITS];
	size_t n[NUNITS];
};

static const struct argp_option options[] = {
	{ "check", 'k', "COMMAND", 0, "Let the shell run COMMAND after each change and wait for its end; "
	  "it finds 'live' or 'reverted' in $SUBTEXT_STATE. If it fails, stop there", 0 },
	{ 0 }
};

static error_t parse_cycle(int key, char *arg, struct argp_state *state)
{
	struct cycle_args *a = state->input;

	switch (key) {
	case 'k':
		a->check = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!a->patch)
			a->patch = arg;
		else if (!a->n)
			a->n = args_number(state, "the number of cycles", arg, 1, MAX_CYCLES);
		else
			argp_error(state, "'%s' is one argument too many", arg);
		return 0;
	case ARGP_KEY_END:
		if (!a->n)
			argp_error(state, "say which patch, and how many times");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp cycle_argp = {
	.options = options,
	.parser = parse_cycle,
	.args_doc = "ID|NAME|FILE N",
	.doc = "Applies and reverts a patch that the hypervisor holds, N times, and reports how "
	       "long the CPUs were stopped."
	       "\vThe patch ends as it began: live if it was live. Where a check fails, it stays "
	       "as it was checked.",
};

static void pauses_init(struct pauses *p, unsigned long n)
{
	for (int u = 0; u < NUNITS; u++) {
		p->v[u] = xalloc(n * sizeof(*p->v[u]));
		p->n[u] = 0;
	}
}

static void pauses_free(struct pauses *p)
{
	for (int u = 0; u < NUNITS; u++)
		free(p->v[u]);
}

static int once(struct session *s, const char *verb, const char *id, struct pauses *p)
{
	char request[64];
	int ret;

	snprintf(request, sizeof(request), "%s id=%s", verb, id);
	ret = session_request(s, request);
	for (int u = 0; u < NUNITS && !ret; u++) {
		const char *v = client_get(&s->client, units[u]);

		if (v && text_parse_u64(v, &p->v[u][p->n[u]]))
			p->n[u]++;
	}
	return ret;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static json_t *statistics(struct pauses *p)
{
	json_t *o = json_object();

	for (int u = 0; u < NUNITS; u++) {
		size_t n = p->n[u];

		if (!n)
			continue;
		qsort(p->v[u], n, sizeof(*p->v[u]), by_value);
		json_object_set_new(o, units[u], json_pack("{s:I,s:I,s:I}",
			"min", (json_int_t)p->v[u][0], "median", (json_int_t)p->v[u][n / 2],
			"max", (json_int_t)p->v[u][n - 1]));
	}
	return o;
}

static void print_statistics(const char *what, const json_t *o)
{
	const char *unit;
	json_t *v;

	json_object_foreach((json_t *)o, unit, v)
		printf("%-6s  %-9s  min %lld, median %lld, max %lld\n", what, unit,
		       (long long)json_integer_value(json_object_get(v, "min")),
		       (long long)json_integer_value(json_object_get(v, "median")),
		       (long long)json_integer_value(json_object_get(v, "max")));
}

static int finish(struct session *s, unsigned long n, struct pauses *apply, struct pauses *revert)
{
	json_t *o = json_pack("{s:I,s:o,s:o}", "cycles", (json_int_t)n,
			      "apply", statistics(apply), "revert", statistics(revert));

	if (!s->cli->json) {
		printf("%lu cycles\n", n);
		print_statistics("apply", json_object_get(o, "apply"));
		print_statistics("revert", json_object_get(o, "revert"));
	}
	return out_done(s->cli, o);
}

/* In the child: what the command prints is not this program's answer. */
static void exec_check(const char *command, bool live)
{
	if (setenv("SUBTEXT_STATE", live ? "live" : "reverted", 1) ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Returns CLI_OK if there is no check, or its command succeeds. A signal to us is one to it. */
static int check(struct session *s, const char *command, bool live, unsigned long change)
{
	int status = -1;
	pid_t pid;

	if (!command)
		return CLI_OK;
	progress_end(s->cli);
	pid = fork();
	if (pid == 0)
		exec_check(command, live);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		kill(pid, SIGTERM);
	if (!status)
		return CLI_OK;
	return out_error(s->cli, CLI_CONNECT, "check", "the check failed (%s %d) after change %lu: "
			 "the patch stays %s", WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), change,
			 live ? "live" : "reverted");
}

/* Twice per cycle, beginning with what is possible now. */
static int run_cycles(struct session *s, const struct cycle_args *a, struct pauses *apply,
		      struct pauses *revert)
{
	struct patch_ref ref;
	unsigned long i;
	int ret = patch_by_argument(s, a->patch, &ref);
	bool live = !ret && !strcmp(ref.state, "live");

	for (i = 0; i < 2 * a->n && !ret; i++, live = !live) {
		if (session_interrupted() && i % 2 == 0)
			break;
		progress_show(s->cli, "cycle", i / 2, a->n);
		ret = live ? once(s, "revert", ref.id, revert) : once(s, "apply", ref.id, apply);
		if (!ret)
			ret = check(s, a->check, !live, i + 1);
	}
	progress_end(s->cli);
	return ret ? ret : finish(s, i / 2, apply, revert);
}

static int cycle(struct session *s, const struct cycle_args *a)
{
	struct pauses apply, revert;
	int ret;

	pauses_init(&apply, a->n);
	pauses_init(&revert, a->n);
	ret = run_cycles(s, a, &apply, &revert);
	pauses_free(&apply);
	pauses_free(&revert);
	return ret;
}

int cmd_cycle(struct cli *cli, int argc, char **argv)
{
	struct cycle_args a = { 0 };
	struct session s;
	int ret;

	args_parse(&cycle_argp, cli, argc, argv, &a);
	ret = session_open(&s, cli);
	if (ret)
		return ret;
	ret = cycle(&s, &a);
	session_close(&s);
	return ret;
}
