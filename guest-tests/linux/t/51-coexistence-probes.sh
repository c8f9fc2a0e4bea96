#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The same as 50-coexistence-tracers.sh, with kprobes and a livepatch.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../coexist/cells.sh
. "$(dirname "$0")/../coexist/cells.sh"

start_coexist
for name in ${MECHANISMS:-kprobe kretprobe kprobe_body optprobe livepatch}; do
	mechanism_rows "$name"
done
linux_log_clean
finish
