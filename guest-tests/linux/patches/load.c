// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seven functions at once, for the test under load: system calls, a file of /proc, the
 * timer interrupt, a softirq. What runs very often behaves as before and is counted; what
 * user space can see is different:
 *
 *	getppid()	the parent's id with bit 30 set
 *	getpgid(-77)	calls of read() and write() so far, instead of ESRCH
 *	getpgid(-78)	ticks of the timer
 *	getpgid(-79)	rounds of RCU's softirq
 *	/proc/version	another first line
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>
#include <subtext.h>

/* The kernel's own, by their names; most are static there. */
ssize_t ksys_read(unsigned int fd, char __user *buf, size_t count);
ssize_t ksys_write(unsigned int fd, const char __user *buf, size_t count);
int do_getpgid(pid_t pid);
void rcu_core(void);
bool timekeeping_advance(int mode);
void clock_was_set_delayed(void);
extern const char linux_proc_banner[];

asmlinkage long __x64_sys_read(const struct pt_regs *regs);
asmlinkage long __x64_sys_write(const struct pt_regs *regs);
asmlinkage long __x64_sys_getppid(const struct pt_regs *regs);
asmlinkage long __x64_sys_getpgid(const struct pt_regs *regs);
int version_proc_show(struct seq_file *m, void *v);
void rcu_core_si(struct softirq_action *h);
void update_wall_time(void);

#define SHOW_CALLS	(-77)
#define SHOW_TICKS	(-78)
#define SHOW_SOFTIRQS	(-79)
#define PARENT_BIT	(1 << 30)

static atomic_t calls = ATOMIC_INIT(0), ticks = ATOMIC_INIT(0), softirqs = ATOMIC_INIT(0);

static asmlinkage long new_read(const struct pt_regs *regs)
{
	atomic_inc(&calls);
	return ksys_read(regs->di, (char __user *)regs->si, regs->dx);
}
SUBTEXT_REPLACE(__x64_sys_read, new_read);

static asmlinkage long new_write(const struct pt_regs *regs)
{
	atomic_inc(&calls);
	return ksys_write(regs->di, (const char __user *)regs->si, regs->dx);
}
SUBTEXT_REPLACE(__x64_sys_write, new_write);

static asmlinkage long new_getppid(const struct pt_regs *regs)
{
	int pid;

	rcu_read_lock();
	pid = task_tgid_vnr(rcu_dereference(current->real_parent));
	rcu_read_unlock();
	return pid | PARENT_BIT;
}
SUBTEXT_REPLACE(__x64_sys_getppid, new_getppid);

static asmlinkage long new_getpgid(const struct pt_regs *regs)
{
	switch ((int)regs->di) {
	case SHOW_CALLS:
		return atomic_read(&calls);
	case SHOW_TICKS:
		return atomic_read(&ticks);
	case SHOW_SOFTIRQS:
		return atomic_read(&softirqs);
	default:
		return do_getpgid(regs->di);
	}
}
SUBTEXT_REPLACE(__x64_sys_getpgid, new_getpgid);

static int new_version(struct seq_file *m, void *v)
{
	seq_puts(m, "patched from beneath\n");
	seq_printf(m, linux_proc_banner, utsname()->sysname, utsname()->release,
		   utsname()->version);
	return 0;
}
SUBTEXT_REPLACE(version_proc_show, new_version);

static void new_softirq(struct softirq_action *h)
{
	atomic_inc(&softirqs);
	rcu_core();
}
SUBTEXT_REPLACE(rcu_core_si, new_softirq);

/* Mode 0 is a tick, as against an adjustment of the clock. */
static void new_tick(void)
{
	atomic_inc(&ticks);
	if (timekeeping_advance(0))
		clock_was_set_delayed();
}
SUBTEXT_REPLACE(update_wall_time, new_tick);
