#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# New code with every construct that the kernel's build would have registered somewhere: what each
# of them does in a kernel that runs, against what the patch says it does.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
patch=$TEST_DIR/constructs.patch

# has TEXT LINE: of what /proc/cmdline said last.
has() { matches "$1" "$answer" "^$2\$"; }

linux_start
linux_build guest-tests/linux/patches/constructs.c "$patch"
must 'cat /proc/cmdline; echo 0 >/proc/sys/kernel/sched_schedstats'
before=$answer
apply "$patch"

must 'cat /proc/cmdline'
has "a string literal, a variable of the kernel" "$(head -n 1 <<<"$before" | sed 's/[][\.*^$]/\\&/g')"
has "a jump label that is off" schedstats=0
has "keys of the new code, as it defines them" keys=1100
has "memory, locks, data and zeroed data" 'kmalloc=1 name=one zeroed=5'
has "user memory by put_user, get_user, copy_from_user, and where there is none" \
	'user=0,0,42,0,42 bad=4'
has "access_ok" access_ok=1,0
has "per-CPU variables of this CPU" 'cpu=1 online=1 comm=cat'
has "time stamps, alternatives, CPU features" 'tsc=1 bits=5 fpu=1 smap=1'
has "per-CPU variables of all CPUs" processes=1
has "a pointer under RCU" parent=1
is "and no warning yet" "$(guest 'dmesg | grep -c WARNING:')" 0

must 'echo 1 >/proc/sys/kernel/sched_schedstats; cat /proc/cmdline'
has "a jump label that was switched on" schedstats=1
has "keys that the new code has switched" keys=0011
has "data that is kept from call to call" 'kmalloc=1 name=two zeroed=5'
matches "WARN_ON_ONCE prints file and line" "$(guest 'dmesg | grep WARNING:')" \
	'WARNING: CPU: [01] PID: [0-9]+ at constructs.c:[0-9]+ '
must 'cat /proc/cmdline'
has "WARN is true" warned
matches "and prints its text" "$(guest dmesg)" 'shown 3 times'
must 'echo 0 >/proc/sys/kernel/sched_schedstats; cat /proc/cmdline'
has "a jump label that was switched off" schedstats=0
is "WARN_ON_ONCE warned once, WARN once" "$(guest 'dmesg | grep -c WARNING:')" 2
is "pr_debug is silent" "$(guest 'dmesg | grep -c "never seen"')" 0

revert constructs
must 'cat /proc/cmdline'
is "reverted: the old answer" "$answer" "$before"

# ---- exception-table entries ----

linux_build guest-tests/linux/patches/exceptions.c "$TEST_DIR/exceptions.patch" --exception-table
apply "$TEST_DIR/exceptions.patch"
must 'cat /proc/cmdline'
has "inline access to user memory" good=0,1
has "faults of new code, each by its entry" faults=1000
has "a fault in kernel memory" kernel=fault
must 'for i in 1 2 3; do cat /proc/cmdline; done >/dev/null; cat /proc/self/mem 2>/dev/null; :'
ok "faults of the kernel's own code find theirs"
revert exceptions
must 'cat /proc/cmdline'
is "reverted: the old answer once more" "$answer" "$before"
linux_log_clean 'WARNING:|Call Trace'
finish
