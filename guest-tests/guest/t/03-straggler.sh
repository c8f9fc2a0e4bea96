#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 3: a CPU loops with its RIP inside the window. The commit is refused in bounded time,
# names the CPU and the RIP and changes nothing; when the CPU has left, the next try succeeds.
# cpus: 1 2 4
. "$(dirname "$0")/../lib.sh"
boot

# The machine's own time, in milliseconds: in $now.
uptime() {
	sub info || bail "info" "$out"
	now=$(json uptime_ms)
}

# spend MS: that much of it.
spend() {
	local until
	uptime
	until=$((now + $1))
	while [ "$now" -lt $until ]; do uptime; done
}

must bytes straggle
bytes=$(grep '^# bytes' <<<"$answer")
rip=$(sed -n 's/.* at=\(0x[0-9a-f]*\) .*/\1/p' <<<"$answer")
rip=$(printf '0x%x' $((rip + 1)))
must sum
sum=$(grep '^# sum' <<<"$answer")
last=$((CPUS - 1))

# attempt HOW: with the CPU inside, the patch must be refused.
attempt() {
	local before what=$1
	uptime
	before=$now
	refused "$what" straggler apply "$PATCHES/straggle.patch"
	is "$what: names the CPU" "$(json cpu)" "$last"
	is "$what: names the RIP" "$(json rip)" "$rip"
	is "$what: names the function" "$(json symbol)" straggle
	uptime
	check "$what: refused in bounded time ($((now - before)) ms of the machine's)" \
		test $((now - before)) -lt 5000
	sub list
	check "$what: nothing is in force" test -z "$(grep -o '"state":"live"' <<<"$out")"
}

# The CPU is let out; the text is as it was; now it works, and can be taken back.
success() {
	guest_ok stop straggler
	must bytes straggle
	is "$1: the entry reads as before" "$(grep '^# bytes' <<<"$answer")" "$bytes"
	must sum
	is "$1: the text reads as before" "$(grep '^# sum' <<<"$answer")" "$sum"
	must call straggle
	matches "$1: the old code runs" "$answer" 'result=0xfeeb'
	apply "$PATCHES/straggle.patch"
	must call straggle
	matches "$1: the new code runs" "$answer" 'result=0x5eed5eed'
	revert straggle
	must call straggle
	matches "$1: the old code runs again" "$answer" 'result=0xfeeb'
}

if [ "$CPUS" = 1 ]; then
	# Any byte on COM1 takes the boot CPU out; the timer is off and it spins for good.
	must start straggler 0
	spend 200
	attempt "interrupts on"
	success "interrupts on"
else
	for off in 0 1; do
		[ $off = 0 ] && how="interrupts on" || how="interrupts off"
		must start call-loop 0
		must start straggler $last $off
		spend 200
		attempt "$how"
		attempt "$how, again"
		guest_ok stop call-loop
		success "$how"
	done
fi

# The same with a CPU that has halted there: its RIP is behind the HLT, and it executes nothing.
must bytes halt_inside
rip=$(sed -n 's/.* at=\(0x[0-9a-f]*\) .*/\1/p' <<<"$answer")
rip=$(printf '0x%x' $((rip + 2)))
must start halt-inside $last 0
spend 200
refused "halted inside" straggler apply "$PATCHES/halted.patch"
is "halted inside: names the CPU" "$(json cpu)" "$last"
is "halted inside: names the RIP" "$(json rip)" "$rip"
guest_ok stop halt-inside
apply "$PATCHES/halted.patch"
must call halt_inside
matches "halted inside: the new code runs" "$answer" 'result=0x5eed5eed'
revert halted
finish
