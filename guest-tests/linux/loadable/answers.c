// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module whose functions are patched: /proc/answers holds two numbers: how often it was
 * read, times factor, and how often it was read.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static int reads;
static int factor = 2;
module_param(factor, int, 0644);

static noinline int scaled(int x)
{
	return x * factor;
}

static noinline int answer(void)
{
	return scaled(++reads);
}

static int answers_show(struct seq_file *m, void *v)
{
	int n = answer();

	seq_printf(m, "%d of %d\n", n, reads);
	return 0;
}

static int __init answers_init(void)
{
	return proc_create_single("answers", 0444, NULL, answers_show) ? 0 : -ENOMEM;
}

static void __exit answers_exit(void)
{
	remove_proc_entry("answers", NULL);
}

module_init(answers_init);
module_exit(answers_exit);
MODULE_DESCRIPTION("Functions of a module, to be patched");
MODULE_LICENSE("GPL");
