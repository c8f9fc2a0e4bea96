/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets a loose source route as user `nobody`; the fixed kernel refuses it with EPERM.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const unsigned char source_route[] = { 131, 7, 4, 127, 0, 0, 1, 1 };
static const unsigned char nothing[] = { 1, 1, 1 };

static int set_options(int fd, const void *options, size_t len)
{
	return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, len) ? errno : 0;
}

int main(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int err = set_options(fd, source_route, sizeof(source_route));

	if (err || setuid(65534)) {
		printf("broken: root: %s\n", strerror(err));
		return 1;
	}
	err = set_options(fd, nothing, sizeof(nothing));
	if (!err && setsockopt(fd, IPPROTO_IP, IP_OPTIONS, (void *)16, 8) && errno != EFAULT)
		err = errno;
	if (err) {
		printf("broken: nobody, other options: %s\n", strerror(err));
		return 1;
	}
	err = set_options(fd, source_route, sizeof(source_route));
	if (!err)
		printf("old: nobody sets a source route\n");
	else if (err == EPERM)
		printf("fixed: nobody may not set a source route: %s\n", strerror(err));
	else
		printf("broken: %s\n", strerror(err));
	return 0;
}
