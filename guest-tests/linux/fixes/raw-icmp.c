/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-46266: "inet: RAW sockets using IPPROTO_RAW MUST drop incoming ICMP".
 * A raw socket of protocol 255 receives nothing, but ICMP errors about packets of
 * protocol 255 reached it, sent by anybody, and failed its next call. The new function
 * counts and drops them. It runs in the softirq that handles the ICMP packet.
 */
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/protocol.h>
#include <net/raw.h>
#include <subtext.h>

void icmp_socket_deliver(struct sk_buff *skb, u32 info);

static bool deliverable(struct sk_buff *skb)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	u8 protocol = iph->protocol;

	/* the IP header and 8 bytes of what follows, as all protocols expect it */
	return pskb_may_pull(skb, iph->ihl * 4 + 8) && protocol != IPPROTO_RAW;
}

static void icmp_socket_deliver_fixed(struct sk_buff *skb, u32 info)
{
	int protocol = ((const struct iphdr *)skb->data)->protocol;
	const struct net_protocol *ipprot;

	if (!deliverable(skb)) {
		__ICMP_INC_STATS(dev_net_rcu(skb->dev), ICMP_MIB_INERRORS);
		return;
	}
	raw_icmp_error(skb, protocol, info);
	ipprot = rcu_dereference(inet_protos[protocol]);
	if (ipprot && ipprot->err_handler)
		ipprot->err_handler(skb, info);
}
SUBTEXT_REPLACE(icmp_socket_deliver, icmp_socket_deliver_fixed);
