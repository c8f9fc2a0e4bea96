#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A kernel panics: with panic=1 it resets the machine, which boots again; with panic=0 it stays where
# it is, and Subtext's line and log are there to look at it.
# cpus: 2
. "$(dirname "$0")/../lib.sh"

linux_start
past_panic=1
linux_ready "panic=1: the machine boots again" \
	'echo 1 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger'
matches "panic=1: it was a panic" "$answer" 'Kernel panic - not syncing: sysrq triggered crash'
is "panic=1: all CPUs are online" "$(guest nproc)" "$CPUS"
linux_log_clean

matches "panic=0: the kernel panics" \
	"$(linux_wait 'end Kernel panic' 'echo c >/proc/sysrq-trigger')" \
	'Kernel panic - not syncing: sysrq triggered crash'
for round in 1 2 3; do
	check "panic=0: the hypervisor answers ($round)" sub info
done
is "panic=0: with all CPUs" "$(json cpus)" "$CPUS"
linux_hypervisor_log_clean
linux_kill
check "a machine that has ended leaves no process id" [ ! -e "$TEST_DIR/machine.pid" ]
finish
