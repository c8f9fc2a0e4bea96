/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-52946: "fs/fcntl: fix SOFTIRQ-unsafe lock order in fasync signaling".
 * For an owner that is a process group both functions took tasklist_lock inside
 * fown->lock, which softirqs take too: CPUs could wait for each other for ever. A walk
 * over the tasks of a PID needs RCU only. Two functions change together.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <subtext.h>

void send_sigio(struct fown_struct *fown, int fd, int band);
int send_sigurg(struct fown_struct *fown);
void send_sigio_to_task(struct task_struct *p, struct fown_struct *fown, int fd, int reason,
			enum pid_type type);
int do_send_sig_info(int sig, struct kernel_siginfo *info, struct task_struct *p,
		     enum pid_type type);

struct notice {
	struct fown_struct *fown;
	enum pid_type type;
	bool urgent;
	int fd, band;
};

static bool may_signal(struct task_struct *p, struct fown_struct *fown, int sig)
{
	const struct cred *cred = __task_cred(p);

	return (uid_eq(fown->euid, GLOBAL_ROOT_UID) ||
		uid_eq(fown->euid, cred->suid) || uid_eq(fown->euid, cred->uid) ||
		uid_eq(fown->uid, cred->suid) || uid_eq(fown->uid, cred->uid)) &&
	       !security_file_send_sigiotask(p, fown, sig);
}

static void notify_task(struct task_struct *p, const struct notice *n)
{
	if (!n->urgent)
		send_sigio_to_task(p, n->fown, n->fd, n->band, n->type);
	else if (may_signal(p, n->fown, SIGURG))
		do_send_sig_info(SIGURG, SEND_SIG_PRIV, p, n->type);
}

/* Under fown->lock. */
static void notify_owner(struct pid *pid, const struct notice *n)
{
	struct task_struct *p;

	rcu_read_lock();
	if (n->type <= PIDTYPE_TGID) {
		p = pid_task(pid, PIDTYPE_PID);
		if (p)
			notify_task(p, n);
	} else {
		do_each_pid_task(pid, n->type, p) {
			notify_task(p, n);
		} while_each_pid_task(pid, n->type, p);
	}
	rcu_read_unlock();
}

/* Returns whether there is an owner. */
static bool notify(struct notice *n)
{
	unsigned long flags;
	struct pid *pid;

	read_lock_irqsave(&n->fown->lock, flags);
	pid = n->fown->pid;
	n->type = n->fown->pid_type;
	if (pid)
		notify_owner(pid, n);
	read_unlock_irqrestore(&n->fown->lock, flags);
	return pid != NULL;
}

static void send_sigio_fixed(struct fown_struct *fown, int fd, int band)
{
	struct notice n = { .fown = fown, .fd = fd, .band = band };

	notify(&n);
}
SUBTEXT_REPLACE(send_sigio, send_sigio_fixed);

static int send_sigurg_fixed(struct fown_struct *fown)
{
	struct notice n = { .fown = fown, .urgent = true };

	return notify(&n);
}
SUBTEXT_REPLACE(send_sigurg, send_sigurg_fixed);
