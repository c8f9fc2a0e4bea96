// SPDX-License-Identifier: GPL-2.0-only
/*
 * New code that gets into trouble, on demand: the name that a task is given says how. The place is
 * __set_task_comm(), which a write to /proc/self/comm calls with no lock held.
 */
#include <linux/bug.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <subtext.h>

struct thing {
	int pad[4];
	int value;		/* at 0x10 */
};

static struct thing *nothing;
static DECLARE_WAIT_QUEUE_HEAD(sleepers);
static int awake;

static noinline const char *be_a_bug(void)
{
	BUG();
}

static noinline const char *warn(void)
{
	WARN(1, "new code warns: %d\n", 42);
	return "warned";
}

static noinline const char *read_nothing(void)
{
	return READ_ONCE(nothing->value) ? "something" : "nothing";
}

static noinline const char *sleep_here(void)
{
	return wait_event_killable(sleepers, READ_ONCE(awake)) ? "killed" : "slept";
}

static noinline const char *wake_all(void)
{
	WRITE_ONCE(awake, 1);
	wake_up_all(&sleepers);
	return "woke";
}

/* The copy's own exception-table entry is in the kernel: it is a call. */
static noinline const char *copy_from_nowhere(void)
{
	int got;

	return copy_from_user(&got, (const void __user *)1, sizeof(got)) ? "EFAULT" : "copied";
}

static const struct {
	const char *name;
	const char *(*function)(void);
} cases[] = {
	{ "do null", read_nothing },
	{ "do bug", be_a_bug },
	{ "do warn", warn },
	{ "do sleep", sleep_here },
	{ "do wake", wake_all },
	{ "do copy", copy_from_nowhere },
};

static void new_set_task_comm(struct task_struct *task, const char *name, bool exec)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!strcmp(name, cases[i].name))
			name = cases[i].function();
	task_lock(task);
	strscpy_pad(task->comm, name, sizeof(task->comm));
	task_unlock(task);
}
SUBTEXT_REPLACE(__set_task_comm, new_set_task_comm);
