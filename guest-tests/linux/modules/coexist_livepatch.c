// SPDX-License-Identifier: GPL-2.0-only
/*
 * A livepatch of __set_task_comm(), to see how it and Subtext's patch of the same function live
 * together: "old name" becomes "klp name".
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/string.h>

static unsigned long hits;
module_param(hits, ulong, 0444);

static void new_set_task_comm(struct task_struct *task, const char *name, bool exec)
{
	hits++;
	task_lock(task);
	strscpy_pad(task->comm, strcmp(name, "old name") ? name : "klp name", sizeof(task->comm));
	task_unlock(task);
}

static struct klp_func funcs[] = {
	{ .old_name = "__set_task_comm", .new_func = new_set_task_comm },
	{ }
};

static struct klp_object objects[] = {
	{ .funcs = funcs },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init start(void)
{
	return klp_enable_patch(&patch);
}

static void __exit stop(void)
{
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Subtext's coexistence test: livepatch");
