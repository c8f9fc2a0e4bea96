#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 4: the guest checksums its text all the time, rewrites instructions on patched pages, and
# writes into a window.
# cpus: 1 2 4
# timeout: 1200
. "$(dirname "$0")/../lib.sh"
boot
last=$((CPUS - 1))

# at_least JOB NAME N: waits until each CPU of the job counted so far.
at_least() {
	local tries n low
	for ((tries = 0; tries < 100; tries++)); do
		must status
		low=
		for n in $(counters "$1" "$2"); do
			[ "$n" -ge "$3" ] || low=1
		done
		[ -n "$low" ] || return 0
	done
	bail "$1 gets to $3 $2" "$answer"
}

sum_now() {
	must sum
	grep '^# sum' <<<"$answer"
}

before=$(sum_now)
apply "$PATCHES/pages.patch"
apply "$PATCHES/target.patch"
is "the checksum of the text is the same under live patches" "$(sum_now)" "$before"

must start sum-loop $last
must start poke 0
must start poke-call all
at_least poke pokes 30
must call page_one
matches "the patch is in force between the guest's writes" "$answer" 0x5eed5eed
for i in 1 2 3; do
	revert_quietly pages
	revert_quietly target
	apply_quietly --id pages
	apply_quietly --id target
done
ok "three reverts and applies while the guest writes to the same pages"
at_least poke pokes 60
at_least sum-loop rounds 2
guest_ok stop poke
guest_ok stop poke-call
guest_ok stop sum-loop
is "the checksum is still the same" "$(sum_now)" "$before"

# Writes into the window itself, as a function tracer makes them.
sub info
writes=$(json window_writes)
guest_ok trace page_one on
must bytes page_one
matches "the guest reads what it wrote into the window" "$answer" ' e8'
must call page_one
matches "the patch stays in force" "$answer" 0x5eed5eed
must trace
matches "the guest's tracer is not called" "$answer" 'traced=0'
events=$(host_tool 30 --connect "unix:$TEST_DIR/com2" watch --for window-write --count 1 2>&1)
matches "an event reports the write into the window" "$events" 'window-write'
matches "the event names the function" "$events" 'page_one'
matches "all events are reported, from the first on, other requests in between or not" "$events" \
	'^1 patch-live .*name=pages'
note "$events"
sub info
check "the write into the window is counted" test "$(json window_writes)" -gt "$writes"

revert pages
must call page_one
matches "after the revert the guest's bytes run: its own result" "$answer" 0x1d01d01
must trace
matches "after the revert the guest's bytes run: its tracer is called" "$answer" 'traced=1'
must bytes page_one
matches "and they read as before" "$answer" ' e8'
refused "the patch does not fit any more" bytes apply --id pages
is "it names the function" "$(json symbol)" page_one
guest_ok trace page_one off
is "the checksum is the same at the end" "$(sum_now)" "$before"
apply --id pages
revert pages
revert target
finish
