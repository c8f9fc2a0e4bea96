/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opens an O_TMPFILE as a user whom the file system's user namespace does not know.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready[2], go[2];

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok ? 0 : -1;
}

/* In a user namespace that knows 1000 only, on a file system of its own, still as 0. */
static int inside(void)
{
	struct stat st;
	char byte;
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) || write(ready[1], "r", 1) != 1 ||
	    read(go[0], &byte, 1) != 1 ||
	    mount("none", "/mnt", "tmpfs", 0, "uid=1000,gid=1000,mode=777")) {
		printf("broken: %s\n", strerror(errno));
		return 1;
	}
	if (open("/mnt/file", O_CREAT | O_RDWR, 0600) >= 0 || errno != EOVERFLOW) {
		printf("broken: an ordinary file: %s\n", strerror(errno));
		return 1;
	}
	fd = open("/mnt", O_TMPFILE | O_RDWR, 0600);
	if (fd >= 0 && !fstat(fd, &st))
		printf("old: a file of an unknown owner, shown as %u\n", st.st_uid);
	else if (errno == EOVERFLOW)
		printf("fixed: no file of an unknown owner: %s\n", strerror(errno));
	else
		printf("broken: %s\n", strerror(errno));
	return 0;
}

int main(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600), status;
	char path[64], byte;
	pid_t child;

	mkdir("/mnt", 0755);
	if (fd < 0 || pipe(ready) ||
	    pipe(go)) {
		printf("broken: a file of root: %s\n", strerror(errno));
		return 1;
	}
	child = fork();
	if (!child) {
		status = inside();
		fflush(stdout);
		_exit(status);
	}
	if (read(ready[0], &byte, 1) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/uid_map", child);
		put(path, "1000 1000 1");
		snprintf(path, sizeof(path), "/proc/%d/gid_map", child);
		put(path, "1000 1000 1");
		if (write(go[1], "g", 1) != 1)
			perror("broken");
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}
