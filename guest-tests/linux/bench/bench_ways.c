// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own ways to replace a function, for a comparison in one guest and one run: livepatch,
 * a kprobe, a text patch under stop_machine(). They are asked for by a line written to /proc/bench:
 *	WAY on|off	livepatch, kprobe, kprobe-empty, stop_machine
 *	cost CALLS	the function in a loop with interrupts off; read back as "cost TICKS EMPTY-LOOP"
 *	watch		a timer on CPU 0 that calls it each millisecond and notes when its value changes
 * The function is int_pow() of the kernel: exported, small, with the entry that ftrace made, and
 * called by nothing that runs in the test guests. What replaces it does the same and returns
 * another number.
 */
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/livepatch.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/hardirq.h>
#include <asm/sync_core.h>
#include "bench_shared.h"
#include "int_pow_from.h"

#define TARGET		"int_pow"
#define OLD_VALUE	1

static struct bench_shared *shared;

/* The same as the kernel's, but for the number, and for the entry: as in Subtext's new code. */
static noinline notrace u64 new_int_pow(u64 base, unsigned int exp)
{
	return int_pow_from(2, base, exp);
}

/* ---- livepatch ---- */

/* What livepatch was given must not be given a second time: it has state in it. */
struct live {
	struct klp_func funcs[2];
	struct klp_object objs[2];
	struct klp_patch patch;
};

static int livepatch_on(void)
{
	struct live *live = kzalloc(sizeof(*live), GFP_KERNEL);

	if (!live)
		return -ENOMEM;
	live->funcs[0].old_name = TARGET;
	live->funcs[0].new_func = new_int_pow;
	live->objs[0].funcs = live->funcs;
	live->patch.mod = THIS_MODULE;
	live->patch.objs = live->objs;
	/* Never freed: livepatch lets go of it some time after it was switched off through sysfs. */
	return klp_enable_patch(&live->patch);
}

/* ---- kprobe ---- */

static int empty_handler(struct kprobe *p, struct pt_regs *regs)
{
	return 0;
}

static int replace_handler(struct kprobe *p, struct pt_regs *regs)
{
	regs->ip = (unsigned long)new_int_pow;
	return 1;
}
NOKPROBE_SYMBOL(empty_handler);
NOKPROBE_SYMBOL(replace_handler);

static struct kprobe probe;

static int probe_on(kprobe_pre_handler_t handler)
{
	probe = (struct kprobe){ .symbol_name = TARGET, .pre_handler = handler };
	return register_kprobe(&probe);
}

static int kprobe_on(void)
{
	return probe_on(replace_handler);
}

static int kprobe_empty_on(void)
{
	return probe_on(empty_handler);
}

static int kprobe_off(void)
{
	unregister_kprobe(&probe);
	return 0;
}

/* ---- stop_machine ---- */

#define ENTRY_BYTES	5

static u8 *alias;		/* the entry, writable */
static u8 old_entry[ENTRY_BYTES], new_entry[ENTRY_BYTES];
static atomic_t writers;
static int written;

/* Runs on every CPU with interrupts off: one of them writes, all take note of it. */
static int write_entry(void *bytes)
{
	if (atomic_inc_return(&writers) == 1) {
		memcpy(alias, bytes, ENTRY_BYTES);
		smp_store_release(&written, 1);
	} else {
		while (!smp_load_acquire(&written))
			cpu_relax();
	}
	sync_core();
	return 0;
}

static int rewrite(u8 *bytes)
{
	atomic_set(&writers, 0);
	written = 0;
	return stop_machine(write_entry, bytes, cpu_online_mask);
}

static int stop_machine_on(void)
{
	return rewrite(new_entry);
}

static int stop_machine_off(void)
{
	return rewrite(old_entry);
}

static int make_alias(void)
{
	static const u8 nop[ENTRY_BYTES] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	unsigned long entry = (unsigned long)int_pow;
	s32 distance = (s32)((unsigned long)new_int_pow - entry - ENTRY_BYTES);
	struct page *pages[2] = { virt_to_page(entry), virt_to_page(entry + PAGE_SIZE) };
	u8 *map;

	if (memcmp((void *)entry, nop, ENTRY_BYTES))
		return -ENOEXEC;
	memcpy(old_entry, nop, ENTRY_BYTES);
	new_entry[0] = 0xe9;
	memcpy(&new_entry[1], &distance, sizeof(distance));
	map = vmap(pages, 2, VM_MAP, PAGE_KERNEL);
	if (!map)
		return -ENOMEM;
	alias = map + offset_in_page(entry);
	return 0;
}

/* ---- the cost of a call ---- */

static u64 cost, cost_of_loop;

static u64 empty_loop(unsigned int calls)
{
	u64 t = rdtsc_ordered();

	while (calls--)
		asm volatile("" ::: "memory", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9");
	return rdtsc_ordered() - t;
}

static u64 loop_of_calls(unsigned int calls)
{
	u64 t = rdtsc_ordered();

	while (calls--)
		int_pow(3, 0);
	return rdtsc_ordered() - t;
}

static int measure_cost(unsigned int calls)
{
	unsigned long flags;

	local_irq_save(flags);
	loop_of_calls(8);
	cost = loop_of_calls(calls);
	cost_of_loop = empty_loop(calls);
	local_irq_restore(flags);
	return 0;
}

/* ---- the watch ---- */

static struct hrtimer watch;
static u64 seen_at, seen_value;

static enum hrtimer_restart look(struct hrtimer *timer)
{
	u64 value = int_pow(3, 0), now = rdtsc_ordered();

	if (value != seen_value) {
		shared->change[shared->changes % BENCH_CHANGES] =
			(struct bench_change){ seen_at, now, value };
		smp_store_release(&shared->changes, shared->changes + 1);
		seen_value = value;
	}
	seen_at = now;
	hrtimer_forward_now(timer, ms_to_ktime(1));
	return HRTIMER_RESTART;
}

static long watch_on(void *unused)
{
	seen_value = int_pow(3, 0);
	seen_at = rdtsc_ordered();
	hrtimer_start(&watch, ms_to_ktime(1), HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static int start_watch(void)
{
	return work_on_cpu(0, watch_on, NULL);
}

/* ---- /proc/bench ---- */

static const struct {
	const char *line;
	int (*run)(void);
} commands[] = {
	{ "livepatch on", livepatch_on },
	{ "kprobe on", kprobe_on },
	{ "kprobe off", kprobe_off },
	{ "kprobe-empty on", kprobe_empty_on },
	{ "kprobe-empty off", kprobe_off },
	{ "stop_machine on", stop_machine_on },
	{ "stop_machine off", stop_machine_off },
	{ "watch", start_watch },
};

static ssize_t bench_write(struct file *file, const char __user *from, size_t n, loff_t *pos)
{
	char line[32] = "";
	unsigned int calls;
	int i, err = -EINVAL;

	if (n >= sizeof(line) || copy_from_user(line, from, n))
		return -EINVAL;
	strim(line);
	if (sscanf(line, "cost %u", &calls) == 1)
		err = measure_cost(calls);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(line, commands[i].line))
			err = commands[i].run();
	return err ? err : n;
}

static ssize_t bench_read(struct file *file, char __user *to, size_t n, loff_t *pos)
{
	char text[64];
	int len = scnprintf(text, sizeof(text), "cost %llu %llu\n", cost, cost_of_loop);

	return simple_read_from_buffer(to, n, pos, text, len);
}

static int bench_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	void *what = shared;
	unsigned long pfn;

	if (size != PAGE_SIZE || (vma->vm_flags & VM_WRITE) || vma->vm_pgoff > shared->cpus)
		return -EINVAL;
	vma->vm_flags &= ~VM_MAYWRITE;
	if (vma->vm_pgoff)
		what = per_cpu_ptr(&irq_stat, vma->vm_pgoff - 1);
	pfn = is_vmalloc_addr(what) ? vmalloc_to_pfn(what) : PHYS_PFN(__pa(what));
	return remap_pfn_range(vma, vma->vm_start, pfn, size, vma->vm_page_prot);
}

static const struct proc_ops bench_ops = {
	.proc_read = bench_read,
	.proc_write = bench_write,
	.proc_mmap = bench_mmap,
	.proc_lseek = default_llseek,
};

static int __init bench_init(void)
{
	int cpu, err;

	BUILD_BUG_ON(sizeof(struct bench_shared) > PAGE_SIZE);
	if (num_online_cpus() > BENCH_MAX_CPUS || int_pow(3, 0) != OLD_VALUE)
		return -EINVAL;
	shared = (void *)get_zeroed_page(GFP_KERNEL);
	if (!shared)
		return -ENOMEM;
	shared->cpus = num_online_cpus();
	for_each_online_cpu(cpu)
		shared->timer_offset[cpu] =
			offset_in_page(&per_cpu(irq_stat, cpu).apic_timer_irqs);
	hrtimer_init(&watch, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	watch.function = look;
	err = make_alias();
	if (err)
		return err;
	return proc_create("bench", 0600, NULL, &bench_ops) ? 0 : -ENOMEM;
}
module_init(bench_init);

/* No exit: a guest is booted for the bench, and what livepatch holds is never given back. */
MODULE_DESCRIPTION("Ways to replace a function, side by side");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
