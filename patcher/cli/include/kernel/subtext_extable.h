/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * With `subtext build --exception-table` this is compiled into the patch. Replaces
 * search_exception_tables(), so that the kernel searches the patch's exception table first.
 */
#include <linux/extable.h>
#include <linux/sched.h>
#include <asm/extable.h>
#include <subtext.h>

/* All entries of the patch; `subtext build` says where they are. */
extern const struct exception_table_entry subtext_extable[], subtext_extable_end[];

/* Runs in any context in which the kernel faults: no locks, nothing that faults. */
static const struct exception_table_entry *subtext_search_extable(unsigned long addr)
{
	const struct exception_table_entry *e;

	for (e = subtext_extable; e < subtext_extable_end; e++)
		if ((unsigned long)&e->insn + e->insn == addr)
			return e;
	e = search_kernel_exception_table(addr);
	if (!e)
		e = search_module_extables(addr);
	return e ? e : search_bpf_extables(addr);
}
SUBTEXT_REPLACE(search_exception_tables, subtext_search_extable);
