// SPDX-License-Identifier: GPL-2.0-only
/* A module that holds new code for functions of the kernel, for `subtext redirect`. */
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>

static int shown;

/* In place of what /proc/version shows; with a WARN to be there a place in the module's tables. */
noinline int newcode_version(struct seq_file *m, void *v);
noinline int newcode_version(struct seq_file *m, void *v)
{
	if (WARN_ON_ONCE(!m))
		return 0;
	seq_printf(m, "%s from a module, %d times\n", utsname()->sysname, ++shown);
	return 0;
}

static int __init newcode_init(void)
{
	return 0;
}

static void __exit newcode_exit(void)
{
}

module_init(newcode_init);
module_exit(newcode_exit);
MODULE_DESCRIPTION("New code for functions of the kernel");
MODULE_LICENSE("GPL");
