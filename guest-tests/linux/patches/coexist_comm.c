// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the coexistence tests: the name of a task. "old name" becomes "new name"; else as the
 * kernel's, the tracepoint included.
 */
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <trace/events/task.h>
#include <subtext.h>

static void new_set_task_comm(struct task_struct *task, const char *name, bool exec)
{
	task_lock(task);
	trace_task_rename(task, name);
	strscpy_pad(task->comm, strcmp(name, "old name") ? name : "new name", sizeof(task->comm));
	task_unlock(task);
	perf_event_comm(task, exec);
}
SUBTEXT_REPLACE(__set_task_comm, new_set_task_comm);
