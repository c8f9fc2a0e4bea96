/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-53249: "ipv4: restrict IPOPT_SSRR and IPOPT_LSRR options".
 * Any user could set a source route on a socket and have the kernel send packets
 * along a way of his own. The new function wants CAP_NET_RAW for these two options.
 * It copies from user space (setsockopt) or from the kernel, as the old one.
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/sockptr.h>
#include <linux/uaccess.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <subtext.h>

static int options_take(struct net *net, struct ip_options_rcu *opt, sockptr_t data, int len)
{
	if (len && copy_from_sockptr(opt->opt.__data, data, len))
		return -EFAULT;
	while (len & 3)
		opt->opt.__data[len++] = IPOPT_END;
	opt->opt.optlen = len;
	if (len && ip_options_compile(net, &opt->opt, NULL))
		return -EINVAL;
	if (opt->opt.srr && !ns_capable(net->user_ns, CAP_NET_RAW))
		return -EPERM;
	return 0;
}

static int ip_options_get_fixed(struct net *net, struct ip_options_rcu **optp, sockptr_t data,
				int optlen)
{
	struct ip_options_rcu *opt;
	int err;

	opt = kzalloc(sizeof(*opt) + ALIGN(optlen, 4), GFP_KERNEL);
	if (!opt)
		return -ENOMEM;
	err = options_take(net, opt, data, optlen);
	if (err) {
		kfree(opt);
		return err;
	}
	kfree(*optp);
	*optp = opt;
	return 0;
}
SUBTEXT_REPLACE(ip_options_get, ip_options_get_fixed);
