#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Waits are bounded by the time of the machine that they wait for: in programs (within) and in shell
# scripts (machine-time.sh).
. "$(dirname "$0")/lib.bash"
# shellcheck source-path=SCRIPTDIR source=../machine-time.sh
. "$repo/scripts/machine-time.sh"
gcc -std=gnu11 -I"$repo" -o within "$repo/guest-tests/within.c" || exit 1

# A machine that the host lets run for a part of the time only, for it has company. It never sleeps.
hog() { while :; do :; done; }
hogs=()
for _ in 1 2 3 4 5 6 7 8; do
	hog &
	hogs+=($!)
done
slow=${hogs[0]}
sleep 1000 &
still=$!
trap 'kill -CONT "${hogs[@]}"; kill "${hogs[@]}" $still' EXIT

# seconds COMMAND...: how long it takes by the host's clock, in whole seconds, and its status.
seconds() {
	local start=$EPOCHSECONDS status=0
	"$@" 2>/dev/null || status=$?
	echo "$((EPOCHSECONDS - start)) $status"
}
# no_less NAME SECONDS GOT STATUS: it took at least so long and ended with that status.
no_less() {
	local took status
	read -r took status <<<"$3"
	is "$1 (took $took s)" "$([ "$took" -ge "$2" ] && echo enough) $status" "enough $4"
}
shell_wait() {
	time_start "$1"
	while time_left "$2"; do sleep 0.2; done
	return 124
}

is 'within: the status of the program' "$(./within 9 sh -c 'exit 7'; echo $?)" 7
is 'within: a signal' "$(./within 9 sh -c 'kill -9 $$'; echo $?)" 137
is 'within: no such program' "$(./within 9 ./nothing 2>err; echo $?)" 127
no_less 'within: a slow machine gets its time' 2 "$(MACHINE_PID=$slow seconds ./within 1 sleep 1000)" 124
no_less 'within: a wait for one that stands still ends' 1 \
	"$(MACHINE_PID=$still seconds timeout 100 ./within 1 sleep 1000)" 124
no_less 'within: so does one for a machine that has ended' 1 \
	"$(MACHINE_PID=4194999 seconds timeout 100 ./within 1 sleep 1000)" 124
no_less 'within: without a machine the clock counts' 1 "$(seconds timeout 100 ./within 1 sleep 1000)" 124
no_less 'shell: a slow machine gets its time' 2 "$(seconds shell_wait $slow 1)" 124
no_less 'shell: a wait for one that stands still ends' 1 "$(seconds shell_wait $still 1)" 124
no_less 'shell: so does one for a machine that has ended' 1 "$(seconds shell_wait 4194999 1)" 124
kill -STOP $slow
no_less 'within: and one for a machine that is stopped' 1 \
	"$(MACHINE_PID=$slow seconds timeout 100 ./within 1 sleep 1000)" 124
kill -CONT $slow
plan
