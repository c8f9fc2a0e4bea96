/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives a mount an option that there is not, and reads what the kernel says.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SET_STRING 1

int main(void)
{
	int fd = syscall(SYS_fsopen, "tmpfs", 0);
	char said[128] = "";

	if (fd < 0 || !syscall(SYS_fsconfig, fd, SET_STRING, "nosuch", "x", 0) || errno != EINVAL ||
	    read(fd, said, sizeof(said) - 1) <= 0) {
		printf("broken: %s\n", strerror(errno));
		return 1;
	}
	said[strcspn(said, "\n")] = 0;
	if (!strcmp(said, "e tmpfs: Unknown parameter 'nosuch'"))
		printf("old: %s\n", said);
	else if (!strcmp(said, "e patched: tmpfs: Unknown parameter 'nosuch'"))
		printf("fixed: %s\n", said);
	else
		printf("broken: %s\n", said);
	return 0;
}
