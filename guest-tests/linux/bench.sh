#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A part of `make bench`: a function of a stock kernel replaced by Subtext, by the kernel's livepatch,
# by a kprobe and by a text patch under stop_machine(), in one guest and one run.
#	guest-tests/linux/bench.sh CPUS FACTS
# Appends lines for scripts/bench-table to FACTS; says on stdout, in TAP, what it does.
# Environment: as lib.sh; BENCH_ROUNDS: how often each way is used (5).
[ $# = 2 ] || { sed -n '5p' "$0" >&2; exit 2; }
facts=$(realpath "$2")
. "$(dirname "$0")/lib.sh"
ROUNDS=${BENCH_ROUNDS:-5}
SOURCES=guest-tests/linux/bench
# Ticks. The threads' loop takes some ten, and Bochs lets the other CPUs run in between.
LEAST_GAP=120

# Takes what the program says as facts: "linux-gap CPUS WAY ..." and "linux-cost CPUS WAY ...".
take() {
	must "$1"
	note "$answer"
	sed -nE "s/^# (gap|cost) way=([^ ]*) /linux-\1 $CPUS \2 /p" <<<"$answer" |
		sed -E 's/ [a-z_]+=/ /g' >>"$facts"
}

# With one CPU a tick is an instruction.
costs() {
	local way
	take "bench cost unpatched 3"
	for way in stop_machine kprobe kprobe-empty livepatch; do
		take "bench cost $way 3"
	done
	apply "$TEST_DIR/int_pow.patch"
	# The line is polled quickly for 2 s after its last byte, which takes time from the loop.
	must "sleep 3"
	take "bench cost subtext 3"
	revert int_pow
}

# The kernel's ways leave work behind for a while, so Subtext comes first and they get a pause.
gaps() {
	local way
	must "bench spin $LEAST_GAP && bench watch"
	apply "$TEST_DIR/int_pow.patch"
	revert int_pow
	sub cycle int_pow "$ROUNDS" || bail "cycle" "$out"
	note "$out"
	echo "linux-pause $CPUS $(pause_of apply median) $(pause_of revert median)" >>"$facts"
	take "bench seen $((2 * ROUNDS))"
	must "sleep 3"
	# Nothing, for as long as the quickest of the kernel's ways takes, and as the slowest.
	take "bench idle 100 $ROUNDS"
	take "bench idle 4000 3"
	for way in stop_machine kprobe livepatch; do
		take "bench way $way $ROUNDS"
		must "sleep 2"
	done
}

CPUS=$1
linux_modules $SOURCES
${CC:-gcc} -static -O2 -Wall -Wextra -Werror -o "$TEST_DIR/program" $SOURCES/bench.c -lpthread ||
	bail "the program builds"
linux_start --file "$TEST_DIR/bench/bench_ways.ko=bench_ways.ko" \
	--file "$TEST_DIR/program=bin/bench"
linux_build $SOURCES/int_pow.c "$TEST_DIR/int_pow.patch"
must "insmod /bench_ways.ko"
if [ "$CPUS" = 1 ]; then costs; else gaps; fi
linux_log_clean
finish
