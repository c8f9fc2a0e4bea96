/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line on COM1. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/job.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/smp.h"
#include "guest-tests/guest/kernel/x86.h"

#define LINE	256u

static void command_help(char *args);
static void command_off(char *args);
static void command_info(char *args);

static const struct command {
	const char *name;
	void (*run)(char *args);
	const char *help;
} commands[] = {
	{ "help", command_help, "this list" },
	{ "info", command_info, "slide, CPUs, hypervisor" },
	{ "start", command_start, "JOB all|others|CPU [NUMBER]...: run a job" },
	{ "stop", command_stop, "JOB|all: stop, show counters, judge" },
	{ "status", command_status, "CPUs and jobs" },
	{ "mark", command_mark, "any|old|new: what calls may return from now on" },
	{ "turns", command_turns, "[reset]: changes of code seen by all CPUs together" },
	{ "call", command_call, "NAME: call it here" },
	{ "bytes", command_bytes, "NAME: its first bytes, read as data" },
	{ "poke", command_poke, "NAME HEX: rewrite an instruction with INT3 and IPIs" },
	{ "write", command_write, "NAME HEX: plain stores" },
	{ "trace", command_trace, "NAME on|off: a call in place of the entry NOP" },
	{ "sum", command_sum, "checksum of the kernel text" },
	{ "up", command_up, "CPU: INIT and SIPI" },
	{ "down", command_down, "CPU: INIT" },
	{ "privileged", command_privileged, "[CPU [GROUP]]: what a guest may not do" },
	{ "rate", command_rate, "calls per million TSC ticks" },
	{ "stopmachine", command_stopmachine, "N: patch N functions with all CPUs held" },
	{ "gap", command_gap, "largest TSC gap each CPU sees until the next command" },
	{ "wait", command_wait, "MS: do nothing for so long" },
	{ "ready", command_ready, "TSC when the kernel was ready" },
	{ "mtrr", command_mtrr, "BASE TYPE|off: memory type of 64 MiB" },
	{ "off", command_off, "switch the machine off" },
};

static void command_help(char *args)
{
	unsigned int i;

	(void)args;
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		print("# %s %s\n", commands[i].name, commands[i].help);
}

static void command_off(char *args)
{
	(void)args;
	print("# off\n");
	power_off();
}

static void command_info(char *args)
{
	struct regs4 r = cpuid(0x40000000, 0);
	bool subtext = r.b == 0x74627553 && r.c == 0x48747865 && r.d == 0x72657079;
	uint32_t v = cpuid(0x40000001, 0).a;
	unsigned int i;

	(void)args;
	print("# slide=0x%lx phys=0x%lx size=0x%lx cpus=%u x2apic=%u\n", boot_data.slide,
	      boot_data.phys, boot_data.size, ncpus, apic_is_x2());
	if (subtext)
		print("# subtext=%u.%u.%u\n", v >> 16, v >> 8 & 255, v & 255);
	else
		print("# subtext=none\n");
	for (i = 0; i < boot_data.nreserved; i++)
		print("# reserved=0x%lx size=0x%lx\n", boot_data.reserved[i].base,
		      boot_data.reserved[i].size);
}

static void obey(char *line)
{
	char *args = line, *name = next_word(&args);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (str_eq(commands[i].name, name)) {
			commands[i].run(args);
			return;
		}
	}
	if (*name)
		tap("unknown command", "%s", name);
}

/* One line without its end; what does not fit is cut. */
static void read_line(char *line)
{
	unsigned int n = 0;

	for (;;) {
		int c = console_get();

		if (c < 0) {
			idle();
			continue;
		}
		if (c == '\n' || c == '\r')
			break;
		if (n < LINE - 1 && c >= ' ' && c < 127)
			line[n++] = (char)c;
	}
	line[n] = '\0';
}

void command_loop(void)
{
	char line[LINE];

	for (;;) {
		char *command = line;
		const char *token = "";

		read_line(line);
		if (!line[0])
			continue;
		if (line[0] == '@')
			token = next_word(&command);
		obey(command);
		print(".%s\n", token);
	}
}
