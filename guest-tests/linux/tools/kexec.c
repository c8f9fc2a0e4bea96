/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the Linux guest: loads a kernel to go on with, or goes on with the one that was loaded.
 *	kexec load KERNEL INITRD OPTIONS
 *	kexec go
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(const char *what)
{
	perror(what);
	return 1;
}

static int load(const char *kernel, const char *initrd, const char *options)
{
	int kernel_fd = open(kernel, O_RDONLY);
	int initrd_fd = open(initrd, O_RDONLY);

	if (kernel_fd < 0)
		return failed(kernel);
	if (initrd_fd < 0)
		return failed(initrd);
	if (syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, strlen(options) + 1, options, 0l))
		return failed("kexec_file_load");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "load"))
		return load(argv[2], argv[3], argv[4]);
	if (argc == 2 && !strcmp(argv[1], "go")) {
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_KEXEC, NULL);
		return failed("kexec");
	}
	fputs("usage: kexec load KERNEL INITRD OPTIONS | kexec go\n", stderr);
	return 2;
}
