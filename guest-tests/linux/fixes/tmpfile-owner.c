/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-72379: "fs: refuse O_TMPFILE creation with an unmapped fsuid or fsgid".
 * A file made with O_TMPFILE can be linked in later. Its owner was not checked as that
 * of other new files is: from a user namespace without mappings came a file of nobody
 * that the file system cannot name. The new function refuses with EOVERFLOW.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/ima.h>
#include <linux/namei.h>
#include <subtext.h>

extern const struct qstr slash_name;
int may_open(struct user_namespace *mnt_userns, const struct path *path, int acc_mode, int flag);
int vfs_tmpfile(struct user_namespace *mnt_userns, const struct path *parentpath,
		struct file *file, umode_t mode);

static int tmpfile_allowed(struct user_namespace *mnt_userns, struct inode *dir)
{
	int err;

	if (!fsuidgid_has_mapping(dir->i_sb, mnt_userns))
		return -EOVERFLOW;
	err = inode_permission(mnt_userns, dir, MAY_WRITE | MAY_EXEC);
	if (!err && !dir->i_op->tmpfile)
		err = -EOPNOTSUPP;
	return err;
}

static int vfs_tmpfile_fixed(struct user_namespace *mnt_userns, const struct path *parentpath,
			     struct file *file, umode_t mode)
{
	struct inode *dir = d_inode(parentpath->dentry);
	int flags = file->f_flags;
	struct dentry *child;
	struct inode *inode;
	int err;

	err = tmpfile_allowed(mnt_userns, dir);
	if (err)
		return err;
	child = d_alloc(parentpath->dentry, &slash_name);
	if (!child)
		return -ENOMEM;
	file->f_path.mnt = parentpath->mnt;
	file->f_path.dentry = child;

	mode = mode_strip_sgid(mnt_userns, dir, mode);
	if (!IS_POSIXACL(dir))
		mode &= ~current_umask();
	err = dir->i_op->tmpfile(mnt_userns, dir, file, mode);
	dput(child);
	if (!err)
		err = may_open(mnt_userns, &file->f_path, 0, file->f_flags);
	if (err)
		return err;

	inode = file_inode(file);
	if (!(flags & O_EXCL)) {
		spin_lock(&inode->i_lock);
		inode->i_state |= I_LINKABLE;
		spin_unlock(&inode->i_lock);
	}
	ima_post_create_tmpfile(mnt_userns, inode);
	return 0;
}
SUBTEXT_REPLACE(vfs_tmpfile, vfs_tmpfile_fixed);
