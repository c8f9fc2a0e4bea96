/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext cycle`: applies and reverts a held patch again and again and measures the pauses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/args.h"
#include "cli/patches.h"

#define MAX_CYCLES 1000000

struct cycle_args {
	const char *patch;
	unsigned long n;
};

/* Pauses of one direction, in ticks of the time-stamp counter. */
struct pauses {
	uint64_t *v;
	size_t n;
};

static error_t parse_cycle(int key, char *arg, struct argp_state *state)
{
	struct cycle_args *a = state->input;

	switch (key) {
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
	.parser = parse_cycle,
	.args_doc = "ID|NAME|FILE N",
	.doc = "Applies and reverts a patch that the hypervisor holds, N times, and reports how "
	       "long the CPUs were stopped."
	       "\vThe patch ends as it began: live if it was live.",
};

static int once(struct session *s, const char *verb, const char *id, struct pauses *p)
{
	const char *pause;
	char request[64];
	int ret;

	snprintf(request, sizeof(request), "%s id=%s", verb, id);
	ret = session_request(s, request);
	if (ret)
		return ret;
	pause = client_get(&s->client, "pause");
	if (pause && text_parse_u64(pause, &p->v[p->n]))
		p->n++;
	return CLI_OK;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static json_t *statistics(struct pauses *p)
{
	if (!p->n)
		return json_null();
	qsort(p->v, p->n, sizeof(*p->v), by_value);
	return json_pack("{s:I,s:I,s:I}", "min", (json_int_t)p->v[0],
			 "median", (json_int_t)p->v[p->n / 2],
			 "max", (json_int_t)p->v[p->n - 1]);
}

static void print_statistics(const char *what, const json_t *o)
{
	if (!json_is_object(o))
		return;
	printf("%s pause: min %lld, median %lld, max %lld TSC ticks\n", what,
	       (long long)json_integer_value(json_object_get(o, "min")),
	       (long long)json_integer_value(json_object_get(o, "median")),
	       (long long)json_integer_value(json_object_get(o, "max")));
}

static int finish(struct session *s, unsigned long n, struct pauses *apply, struct pauses *revert)
{
	json_t *o = json_pack("{s:I,s:s,s:o,s:o}", "cycles", (json_int_t)n, "unit", "tsc",
			      "apply", statistics(apply), "revert", statistics(revert));

	if (!s->cli->json) {
		printf("%lu cycles\n", n);
		print_statistics("apply", json_object_get(o, "apply"));
		print_statistics("revert", json_object_get(o, "revert"));
	}
	return out_done(s->cli, o);
}

static int cycle(struct session *s, const struct cycle_args *a)
{
	struct pauses apply = { xalloc(a->n * sizeof(uint64_t)), 0 };
	struct pauses revert = { xalloc(a->n * sizeof(uint64_t)), 0 };
	struct patch_ref ref;
	unsigned long i;
	int ret = patch_by_argument(s, a->patch, &ref);
	bool live = !ret && !strcmp(ref.state, "live");

	for (i = 0; i < a->n && !ret && !session_interrupted(); i++) {
		progress_show(s->cli, "cycle", i, a->n);
		ret = live ? once(s, "revert", ref.id, &revert) : once(s, "apply", ref.id, &apply);
		if (!ret)
			ret = live ? once(s, "apply", ref.id, &apply) :
				once(s, "revert", ref.id, &revert);
	}
	if (!ret)
		ret = finish(s, i, &apply, &revert);
	free(apply.v);
	free(revert.v);
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
