// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function of the module answers, with the module's own variable, another function of it,
 * its THIS_MODULE, and functions of the kernel.
 */
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <subtext.h>

extern int reads;
int scaled(int x);
int answer(void);

static int answer_fixed(void)
{
	reads++;
	if (reads == 1)
		pr_info("answers: patched\n");
	return 1000 * strlen(THIS_MODULE->name) + scaled(reads);
}
SUBTEXT_REPLACE(answer, answer_fixed);
