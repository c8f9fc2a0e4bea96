/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-74487: "binfmt_misc: restore write access when removing an entry".
 * An interpreter that is opened once and for all (flag F) may not be written to while it
 * can be run. When the last user of its entry was gone the file was closed, but writing to
 * it failed with ETXTBSY until reboot. The new function, which drops a reference to the
 * entry, allows it again before it closes the file. It is a function of a module.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <subtext.h>

#define OPEN_FILE	(1UL << 28)

/* An entry, which fs/binfmt_misc.c keeps to itself. */
struct binfmt_entry {
	struct list_head list;
	unsigned long flags;
	int offset, size;
	char *magic, *mask;
	const char *interpreter;
	char *name;
	struct dentry *dentry;
	struct file *interp_file;
	refcount_t users;
};

static void put_binfmt_handler_fixed(struct binfmt_entry *e)
{
	if (!refcount_dec_and_test(&e->users))
		return;
	if (e->flags & OPEN_FILE) {
		allow_write_access(e->interp_file);
		filp_close(e->interp_file, NULL);
	}
	kfree(e);
}
SUBTEXT_REPLACE_NAMED("put_binfmt_handler", put_binfmt_handler_fixed);
