/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-99077: "ipv4: udp: Create exceptions before socket matching".
 * An ICMP "fragmentation needed" changed a route's MTU only if a UDP socket matched the
 * packet it quotes: who sends such packets finds out which ports are in use. The new
 * function notes the route's exception first. The fix is in udp_err(); this has it one
 * call further, in a function that runs in softirqs and asks a jump label.
 */
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/icmp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/route.h>
#include <net/tcp_states.h>
#include <net/udp.h>
#include <subtext.h>

int __udp4_lib_err(struct sk_buff *skb, u32 info, struct udp_table *udptable);

/* The ICMP packet: @skb begins at the packet it quotes. */
struct icmp_error {
	struct sk_buff *skb;
	struct udp_table *table;
	const struct iphdr *iph;
	struct udphdr *uh;
	struct net *net;
	u32 info;
	u8 type, code;
};

static void note_exception(const struct icmp_error *e)
{
	if (e->table != &udp_table)
		return;
	if (e->type == ICMP_DEST_UNREACH && e->code == ICMP_FRAG_NEEDED)
		ipv4_update_pmtu(e->skb, e->net, e->info, 0, IPPROTO_UDP);
	else if (e->type == ICMP_REDIRECT)
		ipv4_redirect(e->skb, e->net, 0, IPPROTO_UDP);
}

/* A tunnel that has no socket of its own. */
static int tunnel_without_socket(const struct icmp_error *e)
{
	const struct ip_tunnel_encap_ops *ops;
	int i;

	for (i = 0; i < MAX_IPTUN_ENCAP_OPS; i++) {
		ops = rcu_dereference(iptun_encaps[i]);
		if (ops && ops->err_handler && !ops->err_handler(e->skb, e->info))
			return 0;
	}
	return -ENOENT;
}

/* The tunnel socket that the packet was sent by, NULL if it was handled, or an error. */
static struct sock *tunnel_socket(const struct icmp_error *e, struct sock *sk)
{
	int network = skb_network_offset(e->skb), transport = skb_transport_offset(e->skb);
	bool matched = sk != NULL;
	int (*lookup)(struct sock *sk, struct sk_buff *skb);

	skb_reset_network_header(e->skb);
	skb_set_transport_header(e->skb, e->iph->ihl << 2);
	if (!matched)
		sk = __udp4_lib_lookup(e->net, e->iph->daddr, e->uh->source, e->iph->saddr,
				       e->uh->dest, e->skb->dev->ifindex, 0, e->table, NULL);
	if (sk) {
		lookup = READ_ONCE(udp_sk(sk)->encap_err_lookup);
		if (lookup ? lookup(sk, e->skb) : !matched)
			sk = NULL;
	}
	if (!sk)
		sk = ERR_PTR(tunnel_without_socket(e));
	skb_set_transport_header(e->skb, transport);
	skb_set_network_header(e->skb, network);
	return sk;
}

/*
 * The error for the socket: the error number, 0 for none, negative if a connected socket
 * without IP_RECVERR is to get it too.
 */
static int error_for(const struct icmp_error *e, struct sock *sk)
{
	switch (e->type) {
	case ICMP_SOURCE_QUENCH:
		return 0;
	case ICMP_REDIRECT:
		ipv4_sk_redirect(e->skb, sk);
		return 0;
	case ICMP_PARAMETERPROB:
		return -EPROTO;
	case ICMP_DEST_UNREACH:
		if (e->code == ICMP_FRAG_NEEDED) {
			ipv4_sk_update_pmtu(e->skb, sk, e->info);
			return inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT ? -EMSGSIZE : 0;
		}
		if (e->code > NR_ICMP_UNREACH)
			return EHOSTUNREACH;
		return icmp_err_convert[e->code].fatal ? -icmp_err_convert[e->code].errno :
							 icmp_err_convert[e->code].errno;
	default:
		return EHOSTUNREACH;
	}
}

static void report(const struct icmp_error *e, struct sock *sk, bool tunnel, int err)
{
	if (tunnel) {
		/* no sending socket: its owner decides */
		if (udp_sk(sk)->encap_err_rcv)
			udp_sk(sk)->encap_err_rcv(sk, e->skb, e->iph->ihl << 2);
		return;
	}
	if (inet_sk(sk)->recverr)
		ip_icmp_error(sk, e->skb, abs(err), e->uh->dest, e->info, (u8 *)(e->uh + 1));
	else if (err > 0 || sk->sk_state != TCP_ESTABLISHED)
		return;
	sk->sk_err = abs(err);
	sk_error_report(sk);
}

static int __udp4_lib_err_fixed(struct sk_buff *skb, u32 info, struct udp_table *udptable)
{
	struct icmp_error e = {
		.skb = skb, .table = udptable, .iph = (const struct iphdr *)skb->data,
		.net = dev_net(skb->dev), .info = info,
		.type = icmp_hdr(skb)->type, .code = icmp_hdr(skb)->code,
	};
	bool tunnel = false;
	struct sock *sk;
	int err;

	e.uh = (struct udphdr *)(skb->data + (e.iph->ihl << 2));
	note_exception(&e);

	sk = __udp4_lib_lookup(e.net, e.iph->daddr, e.uh->dest, e.iph->saddr, e.uh->source,
			       skb->dev->ifindex, inet_sdif(skb), udptable, NULL);
	if (!sk || READ_ONCE(udp_sk(sk)->encap_type)) {
		tunnel = true;
		if (static_branch_unlikely(&udp_encap_needed_key))
			sk = tunnel_socket(&e, sk);
		else
			sk = ERR_PTR(-ENOENT);
		if (!sk)
			return 0;
		if (IS_ERR(sk)) {
			__ICMP_INC_STATS(e.net, ICMP_MIB_INERRORS);
			return PTR_ERR(sk);
		}
	}
	err = error_for(&e, sk);
	if (err)
		report(&e, sk, tunnel, err);
	return 0;
}
SUBTEXT_REPLACE(__udp4_lib_err, __udp4_lib_err_fixed);
