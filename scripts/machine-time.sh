# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The time of an emulated machine, or of other processes that a script waits for: a busy host slows
# them down and must not shorten what a wait allows them. For programs: guest-tests/machine_time.h.

CLOCK_TICKS=$(getconf CLK_TCK)

# time_look: the processor time of what is measured, in microseconds, in $time_cpu: of the processes
# that are there and of their children that have ended. It never falls: a process that ends while its
# parent has been read already is missing for once, and must not count twice. $time_runnable is
# yes if one of them runs or waits for a processor.
time_look() {
	local ticks
	# shellcheck disable=SC2086  # a pattern
	read -r ticks time_runnable < <(cat $time_files 2>/dev/null | sed 's/^.*) //' |
		awk -v group="$time_group" '
			!group || $3 == group {
				ticks += $12 + $13 + $14 + $15
				some = 1
				if ($1 == "R") runnable = "yes"
			}
			END { print some ? ticks : "none", runnable }')
	[ "$ticks" != none ] || return 0
	ticks=$((ticks * 1000000 / CLOCK_TICKS))
	[ $ticks -le $time_cpu ] || time_cpu=$ticks
}

# time_start PID: begins to measure what counts for this process; time_start -PGID: for a group.
time_start() {
	case $1 in
	-*) time_group=${1#-} time_files='/proc/[0-9]*/stat' ;;
	*) time_group='' time_files=/proc/$1/stat ;;
	esac
	time_spent=0 time_cpu=0 time_host=${EPOCHREALTIME/[.,]/}
	time_look
}

# time_left SECONDS: true until the measured processes have used SECONDS. Processor time counts; host
# time counts only while they stand still: they used less than a twentieth of it and do not wait for a
# processor (they are stopped, have ended, or sleep). Never counts more than the host's time. The sum is
# in $time_spent, in microseconds, and changes once a second.
time_left() {
	local host=${EPOCHREALTIME/[.,]/} before=$time_cpu ran passed
	passed=$((host - time_host))
	if [ $passed -ge 1000000 ]; then
		time_look
		ran=$((time_cpu - before))
		if [ $ran -lt $((passed / 20)) ]; then
			[ -n "$time_runnable" ] || ran=$passed
		elif [ $ran -gt $passed ]; then
			ran=$passed
		fi
		time_spent=$((time_spent + ran)) time_host=$host
	fi
	[ $"$time_spent" -lt $(($1 * 1000000)) ]
}
