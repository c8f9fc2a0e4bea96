/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-89603: "entry: Fix seccomp bypass after ptrace with TSYNC".
 * While a tracer holds a thread at the entry of a system call, another thread can put a
 * seccomp filter on it. What was to be done for the call had been read before, and the
 * call went past the filter. The new function reads it again. It asks a tracepoint: a
 * jump label and a static call. The old one was compiled without its parameter that no
 * one uses, hence the name and the new one's parameters.
 */
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <linux/thread_info.h>
#include <asm/syscall.h>
#include <trace/events/syscalls.h>
#include <subtext.h>

bool syscall_user_dispatch(struct pt_regs *regs);

static void enter_audit(struct pt_regs *regs, long nr)
{
	unsigned long args[6];

	if (likely(!audit_context()))
		return;
	syscall_get_arguments(current, regs, args);
	audit_syscall_entry(nr, args[0], args[1], args[2], args[3]);
}

/* In the context of a system call, with interrupts on; sleeps while a tracer wants it to. */
static long syscall_trace_enter_fixed(struct pt_regs *regs, unsigned long work)
{
	long nr;

	if ((work & SYSCALL_WORK_SYSCALL_USER_DISPATCH) && syscall_user_dispatch(regs))
		return -1L;
	if (work & (SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU)) {
		if (ptrace_report_syscall_entry(regs) || (work & SYSCALL_WORK_SYSCALL_EMU))
			return -1L;
		work = READ_ONCE(current_thread_info()->syscall_work);
	}
	/* behind the tracer, who may have changed the call */
	if ((work & SYSCALL_WORK_SECCOMP) && __secure_computing(NULL) == -1)
		return -1L;
	nr = syscall_get_nr(current, regs);
	if (work & SYSCALL_WORK_SYSCALL_TRACEPOINT) {
		trace_sys_enter(regs, nr);
		nr = syscall_get_nr(current, regs);
	}
	enter_audit(regs, nr);
	return nr;
}
SUBTEXT_REPLACE_NAMED("syscall_trace_enter.constprop.0", syscall_trace_enter_fixed);
