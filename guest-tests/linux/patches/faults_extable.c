// SPDX-License-Identifier: GPL-2.0-only
/*
 * New code with an exception-table entry of its own: the load is inline, the kernel's table does
 * not know it, and a bad pointer would be an oops. `subtext build` is to refuse it by name.
 */
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <subtext.h>

static void new_set_task_comm(struct task_struct *task, const char *name, bool exec)
{
	const char __user *from = (const char __user *)name;

	if (!user_access_begin(from, 1))
		return;
	unsafe_get_user(task->comm[0], from, out);
out:
	user_access_end();
}
SUBTEXT_REPLACE(__set_task_comm, new_set_task_comm);
