#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 1: every CPU calls a function in a loop while it is patched and reverted 1,000 times.
# cpus: 1 2 4 8
# timeout: 1500
# Most of the time goes into waiting for the line; with fewer instructions a second there are
# fewer of them to emulate meanwhile.
[ "${CPUS:-1}" -lt 4 ] || IPS=${IPS:-5000000}
. "$(dirname "$0")/../lib.sh"
boot

# A few cycles; before each change the guest learns what a call that starts after it must return.
marked_cycles() {
	local i
	for ((i = 0; i < $1; i++)); do
		must mark any
		apply_quietly --id target
		must mark new
		must mark any
		revert_quietly target
		must mark old
	done
	must mark any
}

apply "$PATCHES/target.patch"
revert target

for variant in 0 1; do
	[ $variant = 0 ] && name=target || name=target_endbr
	must start call-loop all $variant
	marked_cycles 10
	guest_ok stop call-loop
	is "$name: every change seen once" "$(turns $name)" 20
	must turns reset
done

must start call-loop all 0
GUEST_TIMEOUT=900
if sub cycle target 1000; then
	ok "1000 cycles of apply and revert"
	note "$out"
else
	not_ok "1000 cycles of apply and revert" "$out $(cat "$TEST_DIR/subtext.err")"
fi
guest_ok stop call-loop
is "2000 changes, each seen by all CPUs at one time" "$(turns target)" 2000
no_nmi_leaks
sub list
is "nothing is in force at the end" "$(json state)" reverted
finish
