#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 5: commits while CPUs halt, spin with interrupts off, wait for SIPI, flood each other
# with IPIs and NMIs, sit in NMI handlers, go to real mode and back; a CPU started after a commit
# runs the new code.
# cpus: 1 2 4 8
# timeout: 1500
# Most of the time goes into waiting for the line; with fewer instructions a second there are
# fewer of them to emulate meanwhile.
[ "${CPUS:-1}" -lt 4 ] || IPS=${IPS:-5000000}
. "$(dirname "$0")/../lib.sh"
boot
last=$((CPUS - 1))

apply "$PATCHES/target.patch"
revert target

# during TEXT N JOB...: N cycles while the jobs "NAME WHERE ARGUMENTS" run.
during() {
	local text=$1 n=$2 job
	shift 2
	for job; do
		must start $job
	done
	if sub cycle target "$n"; then
		ok "$text: $n commits and reverts"
	else
		not_ok "$text: $n commits and reverts" "$out $(cat "$TEST_DIR/subtext.err")"
	fi
	for job; do
		guest_ok stop "${job%% *}"
		# Bochs ends a HLT when an NMI makes a VM exit (docs/platforms.md); hardware does not.
		if [ "${job%% *}" = halt-cli ] && [ "$EMULATOR" != bochs ]; then
			is "a commit does not wake it" "$(counters halt-cli wakes)" '1 '
		fi
	done
}

during "idle CPUs" 10
during "halted CPUs" 10 "halt all"
during "an interrupt flood" 10 "ipi-flood all" "call-loop 0"
during "an NMI flood" 10 "nmi-flood all" "call-loop $last"
during "a CPU in its NMI handler" 10 "nmi-hold 0 $last 3" "call-loop 0"
during "real mode and back on all CPUs" 10 "real-mode all"
during "interrupts off for a millisecond at a time" 10 "cli-loop all 1"

if [ "$CPUS" -gt 1 ]; then
	during "a CPU that spins with interrupts off" 10 "cli-loop $last" "call-loop 0"
	during "a CPU halted with interrupts off" 10 "halt-cli $last" "call-loop 0"
	# target() of every started CPU is called before anything else.
	must start bounce 0 $last 100
	for i in 1 2 3 4 5; do
		must mark any
		apply_quietly --id target
		must mark new
		must mark any
		revert_quietly target
		must mark old
	done
	must mark any
	sub cycle target 20 || not_ok "cycles while a CPU restarts" "$out"
	guest_ok stop bounce
	check "started CPUs ran old code and new code" \
		test "$(counters bounce old)" -gt 0 -a "$(counters bounce new)" -gt 0

	guest_ok down $last
	apply --id target
	guest_ok up $last
	matches "a CPU started after a commit runs the new code" "$answer" 'result=0x5eed5eed'
	guest_ok down $last
	revert target
	guest_ok up $last
	matches "a CPU started after a revert runs the old code" "$answer" 'result=0x1d01d01'
	must turns reset
	must start call-loop $last
	sub cycle target 5 || not_ok "cycles after it" "$out"
	guest_ok stop call-loop
	is "it takes part in commits again" "$(turns target)" 10
fi

if [ "$CPUS" -ge 4 ]; then
	guest_ok down 1
	during "one of each" 20 "cli-loop 2" "halt-cli 3" "call-loop 0" "sum-loop 0"
	guest_ok up 1
	# No NMIs here: in real mode the CPU would take them through the four bytes at address 8.
	during "real mode beside an interrupt flood" 20 "real-mode 1" "ipi-flood 2"
fi
if [ "$CPUS" -ge 8 ]; then
	guest_ok down 7
	during "all at once" 20 "cli-loop 1" "halt-cli 2" "real-mode 3" "ipi-flood 4 6" \
		"nmi-hold 5 6 2" "call-loop 0"
	guest_ok up 7
fi
finish
