/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-68480: "x86/bugs: Make Safe-RET robust against interrupt injection".
 * An exception between the two instructions by which AMD's processors return safely lets
 * the return be mispredicted after all; the fix has the entry of exceptions look for it.
 * That entry is assembly without room for a window, runs before the kernel has its own
 * stack and GS base, and the kernel forbids probes in it. The build refuses this file.
 */
#include <linux/linkage.h>
#include <asm/ptrace.h>
#include <subtext.h>

struct pt_regs *error_entry_fixed(struct pt_regs *regs);

/* Nothing that C could say is right here. */
struct pt_regs *error_entry_fixed(struct pt_regs *regs)
{
	return regs;
}
SUBTEXT_REPLACE_NAMED("error_entry", error_entry_fixed);
