/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends an ICMP error about a packet of protocol 255 and checks whether a raw socket gets the error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "checksum.h"

struct packet {
	struct icmphdr icmp;
	struct iphdr quoted;
	unsigned char data[8];
};

static struct sockaddr_in here = { .sin_family = AF_INET };

/* ICMP packets with errors that the kernel has counted. */
static long in_errors(void)
{
	FILE *snmp = fopen("/proc/net/snmp", "r");
	char line[512];
	long messages, errors = -1;

	while (snmp && fgets(line, sizeof(line), snmp)) {
		if (sscanf(line, "Icmp: %ld %ld", &messages, &errors) == 2)
			break;
	}
	if (snmp)
		fclose(snmp);
	return errors;
}

static int send_error(void)
{
	struct packet p = { .icmp = { .type = ICMP_DEST_UNREACH, .code = ICMP_PROT_UNREACH } };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	p.quoted.version = 4;
	p.quoted.ihl = 5;
	p.quoted.tot_len = htons(28);
	p.quoted.protocol = IPPROTO_RAW;
	p.quoted.saddr = p.quoted.daddr = here.sin_addr.s_addr;
	p.icmp.checksum = sum(&p, sizeof(p));
	return sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&here, sizeof(here)) != sizeof(p);
}

static int socket_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? errno : err;
}

/* An error that has to arrive, fixed or not: nobody listens on this port. */
static int udp_hears(void)
{
	struct sockaddr_in nobody = here;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i, err = 0;

	nobody.sin_port = htons(9);
	if (connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)) || send(fd, "x", 1, 0) != 1)
		return 0;
	for (i = 0; i < 100 && !err; i++) {
		err = socket_error(fd);
		if (!err)
			usleep(10000);
	}
	return err == ECONNREFUSED;
}

int main(void)
{
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), err = 0, i;
	long before = in_errors();

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(raw, (struct sockaddr *)&here, sizeof(here)) || send_error() || !udp_hears()) {
		printf("broken: %s\n", strerror(errno));
		return 1;
	}
	for (i = 0; i < 100 && !err && in_errors() == before; i++) {
		err = socket_error(raw);
		if (!err)
			usleep(10000);
	}
	err = err ? err : socket_error(raw);
	if (err)
		printf("old: the raw socket gets the error: %s\n", strerror(err));
	else if (in_errors() > before)
		printf("fixed: the error was dropped and counted\n");
	else
		printf("broken: the error got lost\n");
	return 0;
}
