// SPDX-License-Identifier: GPL-2.0-only
/* The stock module dummy: its network device reports 4242 received packets. */
#include <linux/netdevice.h>
#include <subtext.h>

void dummy_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats);

static void new_stats(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	dev_lstats_read(dev, &stats->tx_packets, &stats->tx_bytes);
	stats->rx_packets = 4242;
}
SUBTEXT_REPLACE(dummy_get_stats64, new_stats);
