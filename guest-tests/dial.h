/* SPDX-License-Identifier: GPL-2.0-only */
/* For the tools that talk to a guest: the line is a UNIX socket (scripts/serial-bridge.c). */
#ifndef GUEST_TESTS_DIAL_H
#define GUEST_TESTS_DIAL_H

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A connection to @path, or -1. */
static int dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
		return -1;
	strcpy(a.sun_path, path);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

#endif
