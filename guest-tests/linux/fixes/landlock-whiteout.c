/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-89560: "landlock: Require LANDLOCK_ACCESS_FS_MAKE_REG for whiteout creation".
 * A whiteout, the character device 0:0 by which overlayfs hides a file, needs no
 * privilege, and mknod() of one was judged as that of a device. The new function wants
 * the right to make regular files. Of renameat2(RENAME_WHITEOUT), which the fix covers
 * too, this has nothing. It is one of the hooks that every mknod() calls by pointer.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/lsm_hooks.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <uapi/linux/landlock.h>
#include <subtext.h>

#define ACCESS_BITS	14	/* up to LANDLOCK_ACCESS_FS_REFER */

/* A task's rules, of which security/landlock/ keeps the layout to itself. */
struct landlock_ruleset {
	struct rb_root root;
	void *hierarchy;
	union {
		struct work_struct work_free;
		struct {
			struct mutex lock;
			refcount_t usage;
			u32 num_rules, num_layers;
			u16 fs_access_masks[];
		};
	};
};

extern struct lsm_blob_sizes landlock_blob_sizes;
int check_access_path_dual(const struct landlock_ruleset *domain, const struct path *path,
			   u16 access1, u16 (*layers1)[ACCESS_BITS], const struct dentry *child1,
			   u16 access2, u16 (*layers2)[ACCESS_BITS], const struct dentry *child2);
int hook_path_mknod(const struct path *dir, struct dentry *dentry, umode_t mode,
		    unsigned int dev);

static const struct landlock_ruleset *current_domain(void)
{
	return *(struct landlock_ruleset **)(current_cred()->security +
					     landlock_blob_sizes.lbs_cred);
}

/* The right that making such a node needs. */
static u16 right_to_make(umode_t mode, dev_t dev)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return LANDLOCK_ACCESS_FS_MAKE_SYM;
	case S_IFDIR:
		return LANDLOCK_ACCESS_FS_MAKE_DIR;
	case S_IFBLK:
		return LANDLOCK_ACCESS_FS_MAKE_BLOCK;
	case S_IFIFO:
		return LANDLOCK_ACCESS_FS_MAKE_FIFO;
	case S_IFSOCK:
		return LANDLOCK_ACCESS_FS_MAKE_SOCK;
	case S_IFCHR:
		return dev == WHITEOUT_DEV ? LANDLOCK_ACCESS_FS_MAKE_REG :
					     LANDLOCK_ACCESS_FS_MAKE_CHAR;
	default:
		return LANDLOCK_ACCESS_FS_MAKE_REG;
	}
}

static int hook_path_mknod_fixed(const struct path *dir, struct dentry *dentry, umode_t mode,
				 unsigned int dev)
{
	const struct landlock_ruleset *domain = current_domain();
	u16 right = right_to_make(mode, new_decode_dev(dev));
	u16 layers[ACCESS_BITS] = {};
	u16 handled = 0;
	u32 i;

	if (!domain)
		return 0;
	/* which layers of rules have to grant it */
	for (i = 0; i < domain->num_layers; i++) {
		if (domain->fs_access_masks[i] & right) {
			layers[__ffs(right)] |= 1 << i;
			handled = right;
		}
	}
	return check_access_path_dual(domain, dir, handled, &layers, NULL, 0, NULL, NULL);
}
SUBTEXT_REPLACE(hook_path_mknod, hook_path_mknod_fixed);
