/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May make no files by Landlock's rules; may it make a whiteout?
 */
#include <errno.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int node(const char *path, mode_t mode, dev_t dev)
{
	int err = mknod(path, mode | 0600, dev) ? errno : 0;

	unlink(path);
	return err;
}

int main(void)
{
	struct landlock_ruleset_attr rules = { .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_REG };
	int fd, err;

	if (node("/tmp/w", S_IFCHR, 0) || node("/tmp/f", S_IFREG, 0)) {
		printf("broken: without rules\n");
		return 1;
	}
	fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, fd, 0)) {
		printf("broken: landlock: %s\n", strerror(errno));
		return 1;
	}
	if (node("/tmp/f", S_IFREG, 0) != EACCES || node("/tmp/n", S_IFCHR, makedev(1, 3)) ||
	    node("/tmp/p", S_IFIFO, 0)) {
		printf("broken: with rules\n");
		return 1;
	}
	err = node("/tmp/w", S_IFCHR, makedev(0, 0));
	if (!err)
		printf("old: a whiteout can be made\n");
	else if (err == EACCES)
		printf("fixed: no whiteout can be made: %s\n", strerror(err));
	else
		printf("broken: %s\n", strerror(err));
	return 0;
}
