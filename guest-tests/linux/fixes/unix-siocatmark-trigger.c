/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks a datagram socket for its mark: 0 if the kernel answers, an error if it is fixed.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* The mark of a stream before and behind a byte out of band; below 0 for an error. */
static int stream_mark(void)
{
	int pair[2], mark = -1;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || send(pair[0], "x", 1, MSG_OOB) != 1)
		return -1;
	if (ioctl(pair[1], SIOCATMARK, &mark) || mark != 1)
		return -1;
	if (recv(pair[1], &byte, 1, MSG_OOB) != 1 || ioctl(pair[1], SIOCATMARK, &mark))
		return -1;
	return 0;
}

int main(void)
{
	int pair[2], mark = -1;

	if (stream_mark() || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)) {
		printf("broken: streams: %s\n", strerror(errno));
		return 1;
	}
	if (!ioctl(pair[0], SIOCATMARK, &mark))
		printf("old: a datagram socket has a mark: %d\n", mark);
	else if (errno == EOPNOTSUPP)
		printf("fixed: a datagram socket has no mark: %s\n", strerror(errno));
	else
		printf("broken: %s\n", strerror(errno));
	return 0;
}
