// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every construct whose code differs between the kernel and a patch, and those that need
 * something of the kernel's: /proc/cmdline shows what each of them saw.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <asm/msr.h>
#include <trace/events/sched.h>
#include <subtext.h>

extern char *saved_command_line;
extern struct static_key_false sched_schedstats;	/* sysctl kernel.sched_schedstats */
DECLARE_PER_CPU(unsigned long, forked_on_cpu);
SUBTEXT_SYMBOL(forked_on_cpu, "process_counts");	/* number of processes forked */

int cmdline_proc_show(struct seq_file *m, void *v);

static DEFINE_STATIC_KEY_TRUE(on);
static DEFINE_STATIC_KEY_FALSE(off);
static DEFINE_SPINLOCK(lock);
static int shown, zeroed[3];
static int initialised = 5;
static const char *const names[] = { "zero", "one", "two" };

/* A counter of the kernel's that differs between CPUs. */
static unsigned long processes(void)
{
	unsigned long n = 0;
	int cpu;

	for_each_online_cpu(cpu)
		n += per_cpu(forked_on_cpu, cpu);
	return n;
}

static void show_memory(struct seq_file *m)
{
	unsigned long flags;
	int *p = kmalloc(sizeof(*p), GFP_KERNEL);

	spin_lock_irqsave(&lock, flags);
	shown++;
	zeroed[shown % 3] += initialised;
	if (p)
		*p = shown;
	spin_unlock_irqrestore(&lock, flags);
	seq_printf(m, "kmalloc=%d name=%s zeroed=%d\n", p ? *p == shown : -1, names[shown % 3],
		   zeroed[shown % 3]);
	kfree(p);
}

/* The stack of the process that reads: written and read back. */
static void show_user(struct seq_file *m)
{
	int __user *at = (int __user *)(user_stack_pointer(task_pt_regs(current)) - 512);
	int one = 0, two = 0, none;
	int put = put_user(42, at), got = get_user(one, at);
	unsigned long left = copy_from_user(&two, at, sizeof(two));
	unsigned long bad = copy_from_user(&none, (void __user *)8, sizeof(none));

	seq_printf(m, "user=%d,%d,%d,%lu,%d bad=%lu\n", put, got, one, left, two, bad);
	stac();
	clac();
	seq_printf(m, "access_ok=%d,%d\n", !!access_ok(at, 4),
		   !!access_ok((void __user *)-16ul, 4));
}

static void show_cpu(struct seq_file *m)
{
	u64 t0, t1;

	t0 = rdtsc_ordered();
	barrier_nospec();
	t1 = rdtsc_ordered();
	preempt_disable();
	seq_printf(m, "cpu=%d online=%d comm=%s\n",
		   this_cpu_read(cpu_number) == smp_processor_id(), cpu_online(smp_processor_id()),
		   current->comm);
	preempt_enable();
	seq_printf(m, "tsc=%d bits=%u fpu=%d smap=%d\n", t1 > t0, hweight32(shown | 0xf0),
		   static_cpu_has(X86_FEATURE_FPU),
		   static_cpu_has(X86_FEATURE_SMAP) == boot_cpu_has(X86_FEATURE_SMAP));
	seq_printf(m, "processes=%d\n", processes() > 1);
}

/* All four kinds of branches, with keys of the new code; switched when they are seen again. */
static void show_keys(struct seq_file *m)
{
	seq_printf(m, "keys=%d%d%d%d\n", !!static_branch_likely(&on),
		   !!static_branch_unlikely(&on), !!static_branch_likely(&off),
		   !!static_branch_unlikely(&off));
	static_branch_disable(&on);
	static_branch_enable(&off);
}

static int constructs(struct seq_file *m, void *v)
{
	seq_puts(m, saved_command_line);
	seq_putc(m, '\n');
	seq_printf(m, "schedstats=%d\n", static_branch_unlikely(&sched_schedstats) ? 1 : 0);
	show_keys(m);
	show_memory(m);
	show_user(m);
	show_cpu(m);
	rcu_read_lock();
	seq_printf(m, "parent=%d\n", rcu_dereference(current->real_parent)->pid > 0);
	rcu_read_unlock();
	cond_resched();
	trace_sched_waking(current);
	pr_debug("never seen\n");
	WARN_ON_ONCE(shown > 1);
	if (WARN(shown == 3, "shown %d times\n", shown))
		seq_puts(m, "warned\n");
	return 0;
}
SUBTEXT_REPLACE(cmdline_proc_show, constructs);
