#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenarios 1 and 5 once more with the local APICs in x2APIC mode: INIT, SIPI, IPIs and NMIs go
# through MSRs then.
# cpus: 2 4
. "$(dirname "$0")/../lib.sh"
boot x2apic
last=$((CPUS - 1))
must info
matches "the guest uses x2APIC mode" "$answer" 'x2apic=1'

must start call-loop all
apply "$PATCHES/target.patch"
must mark new
must mark any
revert target
must mark old
must mark any
sub cycle target 20 || not_ok "20 cycles" "$out"
guest_ok stop call-loop
is "each change seen once" "$(turns target)" 42
no_nmi_leaks

must start ipi-flood all
sub cycle target 5 || not_ok "cycles in an interrupt flood" "$out"
guest_ok stop ipi-flood
must start nmi-flood all
sub cycle target 5 || not_ok "cycles in an NMI flood" "$out"
guest_ok stop nmi-flood

must start bounce 0 $last 100
sub cycle target 10 || not_ok "cycles while a CPU restarts" "$out"
guest_ok stop bounce
guest_ok down $last
apply --id target
guest_ok up $last
matches "a CPU started after a commit runs the new code" "$answer" 'result=0x5eed5eed'
revert target
finish
