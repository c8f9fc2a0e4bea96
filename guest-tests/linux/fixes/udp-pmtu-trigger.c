/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Says "fragmentation needed" about a UDP packet of no socket; does the route's MTU change?
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "checksum.h"

#define NEW_MTU 1000

struct packet {
	struct icmphdr icmp;
	struct iphdr quoted;
	struct udphdr udp;
};

static struct sockaddr_in here = { .sin_family = AF_INET }, there = { .sin_family = AF_INET };

static void need_fragments(unsigned short source, unsigned short dest)
{
	struct packet p = { .icmp = { .type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED } };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	p.icmp.un.frag.mtu = htons(NEW_MTU);
	p.quoted.version = 4;
	p.quoted.ihl = 5;
	p.quoted.tot_len = htons(2000);
	p.quoted.protocol = IPPROTO_UDP;
	p.quoted.saddr = here.sin_addr.s_addr;
	p.quoted.daddr = there.sin_addr.s_addr;
	p.udp.source = source;
	p.udp.dest = dest;
	p.udp.len = htons(1980);
	p.icmp.checksum = sum(&p, sizeof(p));
	sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&here, sizeof(here));
	close(fd);
}

/* A socket to @there, from port *@source. */
static int connected(unsigned short *source)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	there.sin_port = htons(9);
	if (connect(fd, (struct sockaddr *)&there, sizeof(there)) ||
	    getsockname(fd, (struct sockaddr *)&name, &len))
		return -1;
	*source = name.sin_port;
	return fd;
}

static int mtu(void)
{
	unsigned short source;
	int fd = connected(&source), value = -1;
	socklen_t len = sizeof(value);

	if (fd < 0 || getsockopt(fd, IPPROTO_IP, IP_MTU, &value, &len))
		value = -1;
	close(fd);
	return value;
}

/* As long as it may take the softirq. */
static int new_mtu(void)
{
	int i;

	for (i = 0; i < 30 && mtu() != NEW_MTU; i++)
		usleep(10000);
	return mtu();
}

/* A destination of this process only: what a route has learned stays for minutes. */
static void choose(int n)
{
	there.sin_addr.s_addr = htonl(0x0a090000 + 256 + (getpid() * 2 + n) % 60000);
}

int main(void)
{
	unsigned short source;
	int before, after, fd;

	inet_aton("10.9.0.1", &here.sin_addr);
	choose(0);
	before = mtu();
	need_fragments(htons(1), htons(2));
	after = new_mtu();

	/* with a socket it has to change in any case */
	choose(1);
	fd = connected(&source);
	need_fragments(source, htons(9));
	if (before <= NEW_MTU || fd < 0 || new_mtu() != NEW_MTU)
		printf("broken: MTU %d, then %d: %s\n", before, mtu(), strerror(errno));
	else if (after == NEW_MTU)
		printf("fixed: the MTU is %d, though no socket matches\n", after);
	else
		printf("old: the MTU stays %d as no socket matches\n", after);
	return 0;
}
