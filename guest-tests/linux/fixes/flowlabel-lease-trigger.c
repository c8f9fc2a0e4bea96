/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As user nobody, takes references to one flow label until it may not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/in6.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WANTED 100
#define LABEL 0x12345

static int label(int fd, int action, int flags)
{
	struct in6_flowlabel_req req = {
		.flr_label = htonl(LABEL),
		.flr_action = action,
		.flr_share = IPV6_FL_S_ANY,
		.flr_flags = flags,
		.flr_expires = 10,
		.flr_linger = 6,
	};

	req.flr_dst.s6_addr[15] = 1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &req, sizeof(req)) ? errno : 0;
}

/* References to the label that the kernel counts. */
static int users(void)
{
	FILE *table = fopen("/proc/net/ip6_flowlabel", "r");
	unsigned int name, share, owner;
	char line[256];
	int count = -1;

	while (table && fgets(line, sizeof(line), table)) {
		if (sscanf(line, "%x %u %u %d", &name, &share, &owner, &count) == 4 && name == LABEL)
			break;
		count = -1;
	}
	if (table)
		fclose(table);
	return count;
}

int main(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), i, err = 0, held, renewed;

	if (setuid(65534)) {
		printf("broken: %s\n", strerror(errno));
		return 1;
	}
	for (i = 0; i < WANTED && !err; i++)
		err = label(fd, IPV6_FL_A_GET, IPV6_FL_F_CREATE);
	held = users();
	renewed = label(fd, IPV6_FL_A_RENEW, 0);
	while (!label(fd, IPV6_FL_A_PUT, 0))
		;
	if (renewed || users() != 0)
		printf("broken: %d references left, renewed: %s\n", users(), strerror(renewed));
	else if (!err && held == WANTED)
		printf("old: %d references of one socket\n", held);
	else if (err == ENOBUFS && held == 32)
		printf("fixed: %d references, then %s\n", held, strerror(err));
	else
		printf("broken: %d references: %s\n", held, strerror(err));
	return 0;
}
