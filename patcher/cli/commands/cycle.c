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
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/base/progress.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/session/patches.h"
#include "patcher/cli/session/session.h"
#include "patcher/wire/patch.h"

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

static const struct args_option options[] = {
	{ "check", 'k', "COMMAND",
	  "Let the shell run COMMAND after each change and wait for its end; "
	  "it finds 'live' or 'reverted' in $SUBTEXT_STATE. If it fails, stop there",
	  ARGS_TEXT, ARGS_FIELD(struct cycle_args, check) },
	{ 0 }
};

static void take_argument(struct argp_state *state, void *input, const char *arg)
{
	struct cycle_args *a = input;

	if (!a->patch)
		a->patch = arg;
	else if (!a->n)
		a->n = args_number(state, "the number of cycles", arg, 1, MAX_CYCLES);
	else
		args_too_many(state, arg);
}

static void check_args(struct argp_state *state, const void *input)
{
	const struct cycle_args *a = input;

	if (!a->n)
		argp_error(state, "give the patch, and how many times");
}

static const struct args_spec spec = {
	.options = options,
	.argument = take_argument,
	.check = check_args,
	.usage = "ID|NAME|FILE N",
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

static json_t *statistics(struct pauses *p)
{
	json_t *o = json_object();

	for (int u = 0; u < NUNITS; u++) {
		size_t n = p->n[u];

		if (!n)
			continue;
		sort_by_u64(p->v[u], n, sizeof(*p->v[u]), 0);
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

/* In the child. Output goes to stderr: stdout is for the result of this program. */
static void exec_check(const char *command, bool live)
{
	if (setenv("SUBTEXT_STATE", live ? "live" : "reverted", 1) ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Returns CLI_OK if there is no check, or its command succeeds. A signal ends the command too. */
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

/* Two changes per cycle. The first is a revert if the patch is live, else an apply. */
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

static int cycle(struct session *s, void *arg)
{
	const struct cycle_args *a = arg;
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

	args_parse(&spec, cli, argc, argv, &a);
	return session_run(cli, cycle, &a);
}
