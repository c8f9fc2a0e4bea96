#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 6: everything that a guest may execute gives what the SDM says, and nothing dies.
# cpus: 1 2 4
. "$(dirname "$0")/../lib.sh"
boot

sub info || not_ok "the line works" "$out"
hidden=$(json hidden_writes)
guest_ok privileged 0
sub info || not_ok "the line works after the guest wrote to its UART" "$out"
check "writes to hidden memory were counted" test "$(json hidden_writes)" -gt "${hidden:-0}"
bad=$(json bad_lines)
if [ "$CPUS" -gt 1 ]; then
	guest_ok privileged $((CPUS - 1))
fi
# The same with patches in force and the hypervisor at work.
apply "$PATCHES/target.patch"
for group in 1 2 3 4 5 6 7 8 9 10 11 12; do
	guest privileged 0 $group || take_results
done
must call target
matches "the patch is in force after the same with a patch" "$answer" 0x5eed5eed
# The last group writes all over the reserved memory. The patch's own code, which is part of it, can
# be read by the guest now, so its verdict counts for nothing here; what the code does counts.
guest privileged 0 13
must call target
matches "new code cannot be overwritten through physical memory" "$answer" 0x5eed5eed
revert target
sub info
is "no line was damaged by the guest" "$(json bad_lines)" "$bad"
must start call-loop all
must stop call-loop
ok "all CPUs run on"
finish
