#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A stock kernel boots on Subtext with all CPUs, sees the machine it sees without it, takes CPUs
# away and brings them back, and switches the machine off.
# cpus: 2 4 8
. "$(dirname "$0")/../lib.sh"

linux_start --without-subtext
guest dmesg >"$TEST_DIR/dmesg.without"
linux_stop

linux_start
guest dmesg >"$TEST_DIR/dmesg.with"
is "all CPUs are online" "$(guest nproc)" "$CPUS"
is "/proc/cpuinfo shows as many" "$(guest 'grep -c ^processor /proc/cpuinfo')" "$CPUS"
sub info
is "the hypervisor has them all" "$(json cpus)" "$CPUS"
if differences=$(guest-tests/linux/dmesg-diff "$TEST_DIR"/dmesg.with{,out}); then
	ok "dmesg differs from that without Subtext in expected lines only"
else
	not_ok "dmesg differs from that without Subtext in expected lines only" \
		"$(grep '^unexpected' <<<"$differences")"
fi
note "$differences"

log_has_no_error
starts=$(grep -c 'started by a SIPI' <<<"$log")
matches "the hypervisor's log has the starts of the CPUs" "$starts" '^[1-9]'

# switch_cpus 0|1: takes all CPUs but the first away, or brings them back.
switch='switch_cpus() {
	for c in /sys/devices/system/cpu/cpu[1-9]*; do
		echo $1 >$c/online || exit 1
	done
}'
must "$switch
for c in /sys/devices/system/cpu/cpu[1-9]*; do
	echo 0 >\$c/online && echo 1 >\$c/online || exit 1
done; nproc"
is "each CPU goes and comes back" "$answer" "$CPUS"
for round in 1 2 3; do
	must "$switch; switch_cpus 0; nproc; switch_cpus 1; nproc"
	is "round $round: all go, all come back" "${answer/$'\n'/ }" "1 $CPUS"
done
must 'for c in $(seq 0 $(($(nproc) - 1))); do taskset -c $c sh -c "cut -d\  -f39 /proc/self/stat"; done'
is "and each runs programs" "${answer//$'\n'/ }" "$(seq -s ' ' 0 $((CPUS - 1)))"
sub info
is "the hypervisor has them all" "$(json cpus)" "$CPUS"
linux_log_clean
is "the hypervisor's log has a line for each start" $(($(grep -c 'started by a SIPI' <<<"$log") - starts)) \
	$((4 * (CPUS - 1)))
finish
