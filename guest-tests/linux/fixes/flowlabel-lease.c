/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-97597: "ipv6: flowlabel: cap duplicate leases per socket".
 * A socket can take references to at most 32 flow labels, unless it takes the same one
 * again and again: the references (column Users of /proc/net/ip6_flowlabel) and the
 * memory for them had no bound. The new function counts these too. It shares the old
 * one's static variables: the table of labels, its size and both locks.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/net.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sockptr.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <subtext.h>

#define SOCKET_LEASES	32
#define LABELS		4096
#define BUCKETS		256

extern atomic_t fl_size;
extern struct ip6_flowlabel __rcu *fl_ht[BUCKETS];
extern spinlock_t ip6_fl_lock, ip6_sk_fl_lock;
struct ip6_flowlabel *fl_create(struct net *net, struct sock *sk, struct in6_flowlabel_req *req,
				sockptr_t optval, int optlen, int *err);
struct ip6_flowlabel *fl_lookup(struct net *net, __be32 label);
void fl_release(struct ip6_flowlabel *fl);
void fl_free_rcu(struct rcu_head *head);
int fl6_renew(struct ip6_flowlabel *fl, unsigned long linger, unsigned long expires);

static void label_free(struct ip6_flowlabel *fl)
{
	bool exclusive = fl->share == IPV6_FL_S_EXCL || fl->share == IPV6_FL_S_PROCESS ||
			 fl->share == IPV6_FL_S_USER;

	if (exclusive || fl->opt)
		static_branch_slow_dec_deferred(&ipv6_flowlabel_exclusive);
	call_rcu(&fl->rcu, fl_free_rcu);
}

static int leases(struct sock *sk)
{
	struct ipv6_fl_socklist *lease;
	int count = 0;

	rcu_read_lock_bh();
	for (lease = rcu_dereference_bh(inet6_sk(sk)->ipv6_fl_list); lease && count < SOCKET_LEASES;
	     lease = rcu_dereference_bh(lease->next))
		count++;
	rcu_read_unlock_bh();
	return count;
}

static int room_for_label(struct sock *sk)
{
	int room = LABELS - atomic_read(&fl_size);
	int count;

	if (room > LABELS - SOCKET_LEASES)
		return 0;
	count = leases(sk);
	if (room <= 0)
		return -ENOBUFS;
	if ((count >= SOCKET_LEASES || (count > 0 && room < LABELS / 2) || room < LABELS / 4) &&
	    !capable(CAP_NET_ADMIN))
		return -ENOBUFS;
	return 0;
}

static void lease_add(struct sock *sk, struct ipv6_fl_socklist *lease, struct ip6_flowlabel *fl)
{
	struct ipv6_pinfo *np = inet6_sk(sk);

	spin_lock_bh(&ip6_sk_fl_lock);
	lease->fl = fl;
	lease->next = np->ipv6_fl_list;
	rcu_assign_pointer(np->ipv6_fl_list, lease);
	spin_unlock_bh(&ip6_sk_fl_lock);
}

static int label_put(struct sock *sk, struct in6_flowlabel_req *req)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct ipv6_fl_socklist __rcu **link;
	struct ipv6_fl_socklist *lease;

	if (req->flr_flags & IPV6_FL_F_REFLECT) {
		if (sk->sk_protocol != IPPROTO_TCP)
			return -ENOPROTOOPT;
		if (!np->repflow)
			return -ESRCH;
		np->flow_label = 0;
		np->repflow = 0;
		return 0;
	}
	spin_lock_bh(&ip6_sk_fl_lock);
	for (link = &np->ipv6_fl_list; (lease = rcu_dereference_protected(*link, 1));
	     link = &lease->next) {
		if (lease->fl->label == req->flr_label)
			break;
	}
	if (lease) {
		if (req->flr_label == (np->flow_label & IPV6_FLOWLABEL_MASK))
			np->flow_label &= ~IPV6_FLOWLABEL_MASK;
		*link = lease->next;
	}
	spin_unlock_bh(&ip6_sk_fl_lock);
	if (!lease)
		return -ESRCH;
	fl_release(lease->fl);
	kfree_rcu(lease, rcu);
	return 0;
}

static int label_renew(struct sock *sk, struct in6_flowlabel_req *req)
{
	struct net *net = sock_net(sk);
	struct ipv6_fl_socklist *lease;
	struct ip6_flowlabel *fl;
	int err = -ESRCH;

	rcu_read_lock_bh();
	for (lease = rcu_dereference_bh(inet6_sk(sk)->ipv6_fl_list); lease;
	     lease = rcu_dereference_bh(lease->next)) {
		if (lease->fl->label != req->flr_label)
			continue;
		err = fl6_renew(lease->fl, req->flr_linger, req->flr_expires);
		rcu_read_unlock_bh();
		return err;
	}
	rcu_read_unlock_bh();

	if (req->flr_share != IPV6_FL_S_NONE || !ns_capable(net->user_ns, CAP_NET_ADMIN))
		return err;
	fl = fl_lookup(net, req->flr_label);
	if (fl) {
		err = fl6_renew(fl, req->flr_linger, req->flr_expires);
		fl_release(fl);
	}
	return err;
}

/* A reference to the label, if the socket has it already. */
static struct ip6_flowlabel *label_of_socket(struct sock *sk, __be32 label)
{
	struct ipv6_fl_socklist *lease;
	struct ip6_flowlabel *fl = NULL;

	rcu_read_lock_bh();
	for (lease = rcu_dereference_bh(inet6_sk(sk)->ipv6_fl_list); lease;
	     lease = rcu_dereference_bh(lease->next)) {
		if (lease->fl->label == label) {
			if (atomic_inc_not_zero(&lease->fl->users))
				fl = lease->fl;
			break;
		}
	}
	rcu_read_unlock_bh();
	return fl;
}

/* Under ip6_fl_lock. */
static struct ip6_flowlabel *label_find(struct net *net, __be32 label)
{
	struct ip6_flowlabel *fl = rcu_dereference_protected(fl_ht[ntohl(label) & 255], 1);

	while (fl && (fl->label != label || !net_eq(fl->fl_net, net)))
		fl = rcu_dereference_protected(fl->next, 1);
	return fl;
}

/* Into the table; a reference to another with this label, if one came before it. */
static struct ip6_flowlabel *label_enter(struct net *net, struct ip6_flowlabel *fl, __be32 label)
{
	struct ip6_flowlabel *other = NULL;
	struct ip6_flowlabel __rcu **bucket;

	fl->label = label & IPV6_FLOWLABEL_MASK;
	spin_lock_bh(&ip6_fl_lock);
	if (label) {
		other = label_find(net, fl->label);
	} else {
		do {
			fl->label = htonl(get_random_u32()) & IPV6_FLOWLABEL_MASK;
		} while (!fl->label || label_find(net, fl->label));
	}
	if (other) {
		atomic_inc(&other->users);
	} else {
		bucket = &fl_ht[ntohl(fl->label) & 255];
		fl->lastuse = jiffies;
		fl->next = *bucket;
		rcu_assign_pointer(*bucket, fl);
		atomic_inc(&fl_size);
	}
	spin_unlock_bh(&ip6_fl_lock);
	return other;
}

static bool may_share(const struct ip6_flowlabel *fl, const struct ip6_flowlabel *wanted)
{
	return fl->share != IPV6_FL_S_EXCL && fl->share == wanted->share &&
	       (fl->share != IPV6_FL_S_PROCESS || fl->owner.pid == wanted->owner.pid) &&
	       (fl->share != IPV6_FL_S_USER || uid_eq(fl->owner.uid, wanted->owner.uid));
}

/* One more lease of @fl, whose reference it takes over; @wanted says what was asked for. */
static int lease_shared(struct sock *sk, struct in6_flowlabel_req *req, struct ip6_flowlabel *fl,
			struct ip6_flowlabel *wanted, struct ipv6_fl_socklist *lease)
{
	int err = 0;

	if (req->flr_flags & IPV6_FL_F_EXCL)
		err = -EEXIST;
	else if (!may_share(fl, wanted))
		err = -EPERM;
	else if (!lease)
		err = -ENOMEM;
	else if (leases(sk) >= SOCKET_LEASES && !capable(CAP_NET_ADMIN))
		err = -ENOBUFS;
	if (err) {
		fl_release(fl);
		return err;
	}
	fl->linger = max(fl->linger, wanted->linger);
	if (time_after(wanted->expires, fl->expires))
		fl->expires = wanted->expires;
	lease_add(sk, lease, fl);
	label_free(wanted);
	return 0;
}

/* @fl and @lease are used up on success only. */
static int lease_take(struct sock *sk, struct in6_flowlabel_req *req, sockptr_t optval,
		      struct ip6_flowlabel *fl, struct ipv6_fl_socklist *lease)
{
	struct net *net = sock_net(sk);
	struct ip6_flowlabel *other = NULL;
	int err;

	if (req->flr_label) {
		other = label_of_socket(sk, req->flr_label);
		if (!other)
			other = fl_lookup(net, req->flr_label);
		if (other)
			return lease_shared(sk, req, other, fl, lease);
	}
	if (!(req->flr_flags & IPV6_FL_F_CREATE))
		return -ENOENT;
	if (!lease)
		return -ENOMEM;
	err = room_for_label(sk);
	if (err)
		return err;
	other = label_enter(net, fl, req->flr_label);
	if (other)
		return lease_shared(sk, req, other, fl, lease);
	/* the lease stands even if this fails, as ever */
	if (!req->flr_label)
		copy_to_sockptr_offset(optval, offsetof(struct in6_flowlabel_req, flr_label),
				       &fl->label, sizeof(fl->label));
	lease_add(sk, lease, fl);
	return 0;
}

static int label_get(struct sock *sk, struct in6_flowlabel_req *req, sockptr_t optval, int optlen)
{
	struct net *net = sock_net(sk);
	struct ipv6_fl_socklist *lease;
	struct ip6_flowlabel *fl;
	int err;

	if (req->flr_flags & IPV6_FL_F_REFLECT) {
		if (net->ipv6.sysctl.flowlabel_consistency) {
			net_info_ratelimited("IPV6_FL_F_REFLECT needs flowlabel_consistency off\n");
			return -EPERM;
		}
		if (sk->sk_protocol != IPPROTO_TCP)
			return -ENOPROTOOPT;
		inet6_sk(sk)->repflow = 1;
		return 0;
	}
	if (req->flr_label & ~IPV6_FLOWLABEL_MASK)
		return -EINVAL;
	if (net->ipv6.sysctl.flowlabel_state_ranges &&
	    (req->flr_label & IPV6_FLOWLABEL_STATELESS_FLAG))
		return -ERANGE;

	fl = fl_create(net, sk, req, optval, optlen, &err);
	if (!fl)
		return err;
	lease = kmalloc(sizeof(*lease), GFP_KERNEL);
	err = lease_take(sk, req, optval, fl, lease);
	if (err) {
		label_free(fl);
		kfree(lease);
	}
	return err;
}

static int ipv6_flowlabel_opt_fixed(struct sock *sk, sockptr_t optval, int optlen)
{
	struct in6_flowlabel_req req;

	if (optlen < sizeof(req))
		return -EINVAL;
	if (copy_from_sockptr(&req, optval, sizeof(req)))
		return -EFAULT;
	switch (req.flr_action) {
	case IPV6_FL_A_PUT:
		return label_put(sk, &req);
	case IPV6_FL_A_RENEW:
		return label_renew(sk, &req);
	case IPV6_FL_A_GET:
		return label_get(sk, &req, optval, optlen);
	default:
		return -EINVAL;
	}
}
SUBTEXT_REPLACE(ipv6_flowlabel_opt, ipv6_flowlabel_opt_fixed);
