// SPDX-License-Identifier: GPL-2.0-only
/*
 * New code with exception-table entries: inline access to user memory that is there and that is
 * not, to kernel memory that is not. /proc/cmdline shows the results.
 */
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <subtext.h>

int cmdline_proc_show(struct seq_file *m, void *v);

/* 0, or -EFAULT by way of the table. */
static noinline int peek(int __user *from, int *value)
{
	if (!user_access_begin(from, sizeof(*from)))
		return -EPERM;
	unsafe_get_user(*value, from, failed);
	user_access_end();
	return 0;
failed:
	user_access_end();
	return -EFAULT;
}

static int exceptions(struct seq_file *m, void *v)
{
	int __user *stack = (int __user *)(user_stack_pointer(task_pt_regs(current)) - 512);
	int value = 0, faults = 0, good, i;
	char byte = 1;

	if (put_user(42, stack))
		return 0;
	good = peek(stack, &value);
	seq_printf(m, "good=%d,%d\n", good, value == 42);
	for (i = 0; i < 1000; i++)
		faults += peek((int __user *)8, &value) == -EFAULT;
	seq_printf(m, "faults=%d\n", faults);
	__get_kernel_nofault(&byte, (char *)0xffffc00000000000, char, failed);
	seq_puts(m, "kernel=read\n");
	return 0;
failed:
	seq_puts(m, "kernel=fault\n");
	return 0;
}
SUBTEXT_REPLACE(cmdline_proc_show, exceptions);
