/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-99219: "ftrace: Initialize modname and offset in print_rec()".
 * Two variables were read although the lookup may not have set them. The tracer does not
 * trace itself, so the function has no NOP at its entry: the build refuses this file.
 */
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/seq_file.h>
#include <subtext.h>

const char *kallsyms_lookup(unsigned long addr, unsigned long *size, unsigned long *offset,
			    char **modname, char *name);

static int print_rec_fixed(struct seq_file *m, unsigned long ip)
{
	char name[KSYM_SYMBOL_LEN], *modname = NULL;
	unsigned long offset = 0;
	bool found = kallsyms_lookup(ip, NULL, &offset, &modname, name);

	/* a weak function that was not linked: the address is in the one before */
	if (!found || offset > FTRACE_MCOUNT_MAX_OFFSET) {
		found = false;
		snprintf(name, sizeof(name), "__ftrace_invalid_address___%ld", offset);
	}
	seq_puts(m, name);
	if (modname)
		seq_printf(m, " [%s]", modname);
	return found ? 0 : -1;
}
SUBTEXT_REPLACE_NAMED("print_rec", print_rec_fixed);
