#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest changes memory types under a live patch: every view is built anew with the same guards
# and windows, and no patch is lost or torn meanwhile.
# cpus: 1 2 4
. "$(dirname "$0")/../lib.sh"
boot

# How often the hypervisor has followed a change of the MTRRs; it does so at its next slice.
followed() {
	local n tries
	for ((tries = 0; tries < 50; tries++)); do
		sub log >/dev/null
		n=$(grep -o 'the guest changed memory types; the views were rebuilt' <<<"$out" | wc -l)
		[ "$n" -lt "$1" ] || break
		must wait 100
	done
	is "change $1 of the memory types: the views are rebuilt" "$n" "$1"
}

in_force() {
	must call target
	matches "$1" "$answer" 'result=0x5eed5eed'
	must call straggle
	matches "$1, a function without a patch too" "$answer" 'result=0xfeeb$'
}

apply "$PATCHES/target.patch"
must start call-loop all
must start sum-loop 0
must mark new
guest_ok mtrr 0xd0000000 1
followed 1
in_force "the patch is in force after a new range"
guest_ok mtrr 0x8000000 0
followed 2
in_force "the patch is in force after a hole in RAM"
guest_ok mtrr off
followed 3
in_force "the patch is in force after the range is gone"
must mark any
sub cycle target 3 || not_ok "cycles afterwards" "$out"
revert target
must mark old
must mark any
guest_ok stop sum-loop
guest_ok stop call-loop
finish
