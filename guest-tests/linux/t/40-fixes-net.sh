#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Published fixes of the network and of BPF, by C source, in the kernel that has the bugs: the
# effect of each is seen from user space, goes and comes with the patch (docs/fixes.md).
# cpus: 2
# shellcheck source=/dev/null
. "$(dirname "$0")/../fixes/lib.sh"

fixes_start
for name in unix-siocatmark ip-srr txqueuelen raw-icmp udp-pmtu flowlabel-lease \
	cgroup-storage-key; do
	fix "$name"
done
fixes_together
linux_log_clean
finish
