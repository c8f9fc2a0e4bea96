/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mechanisms that tracefs offers: both function tracers, probes at the entry, in the body
 * and at the return, and a tracepoint, whose first user switches a jump label and whose second
 * one makes a static call go elsewhere. Documentation/trace/{ftrace,kprobetrace}.rst.
 */
#define _GNU_SOURCE
#include "guest-tests/linux/coexist/coexist.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Lines of a trace with this word in it. */
static long count_lines(const char *path, const char *word)
{
	char line[512];
	long count = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		return complain("reading %s", path);
	while (fgets(line, sizeof(line), f))
		count += line[0] != '#' && strstr(line, word);
	fclose(f);
	return count;
}

/* The function's number among those that can be traced; the filter takes it, and is quick then. */
static uint64_t search_traceable(const char *function)
{
	char line[512];
	uint64_t number = 0, found = 0;
	FILE *f = fopen(TRACEFS "available_filter_functions", "r");

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \n")] = 0;
		number++;
		if (!strcmp(line, function))
			found = number;
	}
	if (f)
		fclose(f);
	return found;
}

static int tracer_attach(const struct mechanism *m, const char *function)
{
	unsigned long long number = remembered("traceable", function, search_traceable);
	char filter[32];

	snprintf(filter, sizeof(filter), "%llu", number);
	return put(TRACEFS "trace", "") || put(TRACEFS "set_ftrace_filter", filter) ||
	       put(TRACEFS "current_tracer", m->detail) ? -1 : 0;
}

static int tracer_detach(const struct mechanism *m, const char *function)
{
	(void)m, (void)function;
	return put(TRACEFS "current_tracer", "nop") || put(TRACEFS "set_ftrace_filter", "\n") ?
	       -1 : 0;
}

static long tracer_hits(const struct mechanism *m, const char *function)
{
	(void)m;
	return count_lines(TRACEFS "trace", function);
}

/* detail: 'p' or 'r', '+' or '-' (allowed to be optimised or not), offset. */
static int is_optimised(const void *word)
{
	static char list[16384];
	char *line;

	if (get("/sys/kernel/debug/kprobes/list", list, sizeof(list)) < 0)
		return 0;
	line = strstr(list, word);
	return line && memmem(line, strcspn(line, "\n"), "[OPTIMIZED]", 11);
}

static int kprobe_attach(const struct mechanism *m, const char *function)
{
	char text[128];
	int optimise = m->detail[1] == '+';

	if (put("/proc/sys/debug/kprobes-optimization", optimise ? "1" : "0"))
		return -1;
	snprintf(text, sizeof(text), "%c:coexist/probe %s%s", m->detail[0], function, m->detail + 2);
	if (put_more(TRACEFS "kprobe_events", text) ||
	    put(TRACEFS "events/coexist/probe/enable", "1"))
		return -1;
	snprintf(text, sizeof(text), "%s+0x", function);
	return optimise ? wait_until(is_optimised, text, "probe is not optimised") : 0;
}

static int kprobe_detach(const struct mechanism *m, const char *function)
{
	(void)m, (void)function;
	return put(TRACEFS "events/coexist/probe/enable", "0") ||
	       put_more(TRACEFS "kprobe_events", "-:coexist/probe") ? -1 : 0;
}

static long kprobe_hits(const struct mechanism *m, const char *function)
{
	char text[4096], *line;
	unsigned long hits, missed;

	(void)m, (void)function;
	if (get(TRACEFS "kprobe_profile", text, sizeof(text)) < 0)
		return -1;
	line = strstr(text, " probe ");
	if (!line || sscanf(line, " probe %lu %lu", &hits, &missed) != 2)
		return complain("no line of the probe in kprobe_profile");
	return (long)(hits + missed);
}

#define FIRST TRACEFS "instances/first/"
#define SECOND TRACEFS "instances/second/"
#define EVENT "events/task/task_rename/enable"

/* An instance stays once it is there: to make one takes an emulator seconds. */
static int use_instance(const char *instance, const char *trace, const char *enable)
{
	if (mkdir(instance, 0755) && errno != EEXIST)
		return complain("mkdir %s", instance);
	return put(trace, "") || put(enable, "1") ? -1 : 0;
}

static int label_attach(const struct mechanism *m, const char *function)
{
	(void)m, (void)function;
	return use_instance(FIRST, FIRST "trace", FIRST EVENT);
}

static int label_detach(const struct mechanism *m, const char *function)
{
	(void)m, (void)function;
	return put(FIRST EVENT, "0");
}

static long label_hits(const struct mechanism *m, const char *function)
{
	(void)m, (void)function;
	return count_lines(FIRST "trace", "task_rename:");
}

/* The call's target is the first user's function, then the iterator over both, and back. */
static int call_attach(const struct mechanism *m, const char *function)
{
	return label_attach(m, function) ? -1 :
	       use_instance(SECOND, SECOND "trace", SECOND EVENT);
}

static int call_detach(const struct mechanism *m, const char *function)
{
	return put(SECOND EVENT, "0") ? -1 : label_detach(m, function);
}

static long call_hits(const struct mechanism *m, const char *function)
{
	(void)m, (void)function;
	return count_lines(SECOND "trace", "task_rename:");
}

const struct mechanism trace_mechanisms[] = {
	{ "function", tracer_attach, tracer_detach, tracer_hits, "function" },
	{ "function_graph", tracer_attach, tracer_detach, tracer_hits, "function_graph" },
	{ "kprobe", kprobe_attach, kprobe_detach, kprobe_hits, "p-" },
	{ "kretprobe", kprobe_attach, kprobe_detach, kprobe_hits, "r-" },
	{ "kprobe_body", kprobe_attach, kprobe_detach, kprobe_hits, "p-+5" },
	{ "optprobe", kprobe_attach, kprobe_detach, kprobe_hits, "p++5" },
	{ "jump_label", label_attach, label_detach, label_hits, NULL },
	{ "static_call", call_attach, call_detach, call_hits, NULL },
	{ 0 }
};
