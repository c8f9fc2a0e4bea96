#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 2: 300 functions in one patch; a checker on each CPU calls all of them with interrupts
# off and must see all old or all new.
# cpus: 1 2 4 8
# timeout: 1500
# Most of the time goes into waiting for the line; with fewer instructions a second there are
# fewer of them to emulate meanwhile.
[ "${CPUS:-1}" -lt 4 ] || IPS=${IPS:-5000000}
. "$(dirname "$0")/../lib.sh"
boot slide=0x0

must start checker all
apply "$PATCHES/many300.patch"
is "300 sites in one transaction" "$(json sites)" 300
must mark new
must mark any
revert many300
must mark old
must mark any
for i in 1 2 3; do
	apply_quietly --id many300
	must mark new
	must mark any
	revert_quietly many300
	must mark old
	must mark any
done
if sub cycle many300 40; then
	ok "40 cycles of apply and revert"
else
	not_ok "40 cycles of apply and revert" "$out"
fi
guest_ok stop checker
for n in $(counters checker old); do
	check "a checker saw rounds of old code" test "$n" -gt 0
done
for n in $(counters checker new); do
	check "a checker saw rounds of new code" test "$n" -gt 0
done
no_nmi_leaks
finish
