// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the coexistence tests: another function in the page of __set_task_comm(). A process that
 * makes itself undumpable (0) stays as it is: 1.
 */
#include <linux/bitops.h>
#include <linux/mm_types.h>
#include <linux/sched/coredump.h>
#include <subtext.h>

static void new_set_dumpable(struct mm_struct *mm, int value)
{
	if (value >= 0 && value <= SUID_DUMP_ROOT)
		set_mask_bits(&mm->flags, MMF_DUMPABLE_MASK, value ? value : SUID_DUMP_USER);
}
SUBTEXT_REPLACE(set_dumpable, new_set_dumpable);
