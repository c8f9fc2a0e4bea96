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

# The same while another CPU calls both functions all the time.
must 'rm -f /tmp/stop'
guest_bg busy 'coexist busy /tmp/stop'
for mechanism in ${BUSY_MECHANISMS:-kprobe optprobe livepatch}; do
	busy_cell comm on apply_it off revert_it
	busy_cell comm apply_it on revert_it off
	busy_cell dumpable apply_it on off on revert_it off
done
must ': >/tmp/stop'
said=$(guest_wait busy)
is "the busy one has seen old and new only" "$?" 0
note "$said"
matches "... many times" "$said" 'rounds=[0-9]{4}'
linux_log_clean
finish
