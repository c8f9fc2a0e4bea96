#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A stock kernel boots on Subtext with all CPUs.
# cpus: 2
. "$(dirname "$0")/../lib.sh"
linux_start --cpus $CPUS
st info; note "$out"
guest 'nproc; uname -a; cat /proc/cmdline'
guest 'exit 7'; is "status" $? 7
guest_bg x 'sleep 1; echo hi; exit 3'
is "bg" "$(guest_wait x; echo $?)" "hi
3"
guest 'dmesg' > $TEST_DIR/dmesg
linux_log_clean
finish
