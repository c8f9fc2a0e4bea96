// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module whose load makes the kernel rewrite text: alternatives, a jump label, a static call,
 * paravirtual calls, retpolines. Reading the parameter `hits` calls the function at `target`
 * (__set_task_comm()) CALLS times and counts the calls in which all of its own were right.
 */
#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#include <linux/irqflags.h>
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/static_call.h>

#define CALLS 50

static unsigned long target, hits;
module_param(target, ulong, 0444);

static DEFINE_STATIC_KEY_FALSE(key);

static int wrong(void)
{
	return 0;
}

static int right(void)
{
	return 1;
}

DEFINE_STATIC_CALL(choice, wrong);

static noinline int all_right(void)
{
	unsigned long flags;
	int replaced = 0, labelled = 0, off;

	alternative_io("xorl %0, %0", "movl $1, %0", X86_FEATURE_ALWAYS, "=r" (replaced));
	if (static_branch_unlikely(&key))
		labelled = 1;
	local_irq_save(flags);
	off = irqs_disabled();
	local_irq_restore(flags);
	return replaced && labelled && off && static_call(choice)();
}

static int get_hits(char *buffer, const struct kernel_param *param)
{
	void (*set_comm)(struct task_struct *task, const char *name, bool exec) = (void *)target;
	int i;

	for (i = 0; i < CALLS; i++) {
		set_comm(current, "module", false);
		hits += all_right();
	}
	return sprintf(buffer, "%lu\n", hits);
}

static const struct kernel_param_ops hits_ops = { .get = get_hits };
module_param_cb(hits, &hits_ops, NULL, 0444);

static int __init start(void)
{
	if (!target)
		return -EINVAL;
	static_branch_enable(&key);
	static_call_update(choice, right);
	return 0;
}

static void __exit stop(void)
{
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Subtext's coexistence test: a module with patch points");
