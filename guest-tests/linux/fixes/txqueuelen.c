/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-98022: "net: cap tx_queue_len at S16_MAX to prevent oversized ring
 * allocations". The length of a device's transmit queue was bounded by 32 bits only,
 * and rings are allocated by it. The new function refuses what does not fit 15 bits.
 * Of the fix's other checks (netlink policy, register_netdevice()) this has none: all
 * changes of a device that is there come through this function.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/sch_generic.h>
#include <subtext.h>

int dev_change_tx_queue_len(struct net_device *dev, unsigned long new_len);
int call_netdevice_notifiers(unsigned long val, struct net_device *dev);

static int tell_of_length(struct net_device *dev)
{
	int err = notifier_to_errno(call_netdevice_notifiers(NETDEV_CHANGE_TX_QUEUE_LEN, dev));

	return err ? err : dev_qdisc_change_tx_queue_len(dev);
}

static int dev_change_tx_queue_len_fixed(struct net_device *dev, unsigned long new_len)
{
	unsigned int before = dev->tx_queue_len;
	int err;

	if (new_len > S16_MAX)
		return -ERANGE;
	if (new_len == before)
		return 0;
	dev->tx_queue_len = new_len;
	err = tell_of_length(dev);
	if (err) {
		netdev_err(dev, "refused to change device tx_queue_len\n");
		dev->tx_queue_len = before;
	}
	return err;
}
SUBTEXT_REPLACE(dev_change_tx_queue_len, dev_change_tx_queue_len_fixed);
