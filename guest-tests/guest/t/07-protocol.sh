#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 7: a hostile or broken client on the line: each time an answer that names what is wrong,
# and the guest never notices.
# cpus: 1 2 4
# timeout: 1500
# At fewer instructions a second the line takes less processor time. 1 MiB takes 91 s of the
# machine's time at any rate; that one is sent with one CPU only.
IPS=${IPS:-4000000}
longest=65536
[ "$CPUS" != 1 ] || longest=1048576
. "$(dirname "$0")/../lib.sh"
boot

must start call-loop all
must mark old
"$BUILD/line-chaos" "$TEST_DIR/com2" "$PATCHES/greeting.patch" "$PATCHES/pages.patch" \
	$longest >"$TEST_DIR/chaos.tap"
status=$?
answer=$(cat "$TEST_DIR/chaos.tap")
take_results
is "the hostile client went through all its cases" $status 0
sub info
note "$out"
check "bad lines were counted" test "$(json bad_lines)" -gt 20
is "no patch is in force" "$(json live_sites)" 0
guest_ok stop call-loop
must mark any
no_nmi_leaks
apply "$PATCHES/target.patch"
must call target
matches "a good patch is applied as ever" "$answer" 0x5eed5eed
revert target
finish
