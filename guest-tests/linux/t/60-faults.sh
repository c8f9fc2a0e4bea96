#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# New code that faults, is a BUG(), warns, sleeps while its patch is taken back and applied again,
# is in a stack trace, copies from a bad address. docs/new-code.md shows what is seen here.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
patch=$TEST_DIR/faults.patch

# The kernel's messages since the last time. An oops makes the console verbose; not any more.
messages() {
	guest 'dmesg -n 1; dmesg -c' | tee -a "$TEST_DIR/messages"
}

# named NAME: a process of its own gives itself the name and prints the name that it then has. An
# oops is on the console, too, whatever the console's log level is.
named() {
	guest "(echo -n '$1' >/proc/self/comm; read -r n </proc/self/comm; echo \"\$n\")" |
		grep -v '^\['
	return "${PIPESTATUS[0]}"
}

# dies TEXT STATUS NAME: a process that gives itself the name dies.
dies() {
	local status=0 left
	left=$(named "$3" | grep -vxE 'Killed|Segmentation fault'; exit "${PIPESTATUS[0]}") ||
		status=$?
	is "$1" "$status $left" "$2 "
	said=$(messages)
}

# in_patch ADDRESS: it lies in the new code.
in_patch() {
	local at=$((0x${1:-0}))
	[ $at -ge $((annex)) ] && [ $at -lt $((annex + text_size)) ]
}

# oops_checks TEXT: what an oops in new code has in common with any other.
oops_checks() {
	local rip
	rip=$(grep -oE 'RIP: 0010:0x[0-9a-f]+' <<<"$said" | head -n 1 | sed 's/.*0x//')
	check "$1: RIP $rip is in the new code" in_patch "$rip"
	matches "$1: the trace shows who called it" "$said" '^\[[^]]*\]  (\? )?comm_write\+0x'
	matches "$1: the process is named" "$said" 'PID: [0-9]+ Comm: init '
	is "$1: the next one lives" "$(named 'fine')" fine
}

klp=/sys/kernel/livepatch/coexist_livepatch
linux_modules guest-tests/linux/modules
linux_start --file "$TEST_DIR/modules/coexist_livepatch.ko=lib/livepatch.ko"
linux_build_refused guest-tests/linux/patches/faults_extable.c \
	"exception-table entries of new code: refused" "... by name" \
	'section __ex_table, for new_set_task_comm: exception-table entries'
linux_build guest-tests/linux/patches/faults.c "$patch"
text_size=$("$BUILD/subtext" inspect "$patch" | sed -n 's/^payload: *text \([0-9]*\) .*/\1/p')
must 'dmesg -c'
apply "$patch"
annex=$(json annex)
is "new code runs" "$(named 'do copy')" EFAULT
is "... and a bad address of user space does no harm" "$(messages)" ''

# ---- WARN(), NULL pointer, BUG() ----

is "after a WARN() new code goes on" "$(named 'do warn')" warned
said=$(messages)
matches "the WARN() names file and line" "$said" \
	'WARNING: CPU: [01] PID: [0-9]+ at .*faults.c:[0-9]+'
matches "... and has its text" "$said" 'new code warns: 42'
matches "... and a trace" "$said" 'comm_write\+0x'

dies "a NULL pointer: the process is killed" 137 'do null'
matches "the oops names the address" "$said" \
	'BUG: kernel NULL pointer dereference, address: 0000000000000010'
oops_checks "NULL pointer"

dies "a BUG(): the process is killed" 139 'do bug'
matches "BUG() names file and line" "$said" 'kernel BUG at .*faults.c:[0-9]+!'
matches "... and is an invalid opcode" "$said" 'invalid opcode: 0000'
oops_checks "BUG()"

# ---- sleeping ----

# sleeper NAME: a process that sleeps in new code; returns when it does.
sleeper() {
	guest_bg "$1" "sh -c 'echo -n \"do sleep\" >/proc/self/comm; read -r n </proc/self/comm
		echo \"\$n\"'"
	must "until p=\$(grep -lE 'State:.D' /proc/[0-9]*/status | head -n 1) && [ -n \"\$p\" ]
		do sleep 0.1; done; p=\${p%/status}; echo \${p#/proc/}"
	pid=$answer
}

sleeper killed
must "cat /proc/$pid/stack"
is "/proc/PID/stack ends where new code begins" "$answer" ''
must 'echo w >/proc/sysrq-trigger'
said=$(messages)
matches "SysRq-W shows the sleeper" "$said" "task:sh +state:D.* pid:$pid"
matches "... and who called the new code" "$said" '  (\? )?comm_write\+0x'

# A livepatch waits until no process sleeps in a function that it replaces; here it cannot know.
must "insmod /lib/livepatch.ko; until grep -q 1 /proc/1/patch_state; do sleep 0.1; done
	cat $klp/transition /proc/$pid/patch_state"
is "a livepatch waits for a sleeper in new code" "$answer" $'1\n0'

revert faults
is "reverted: the kernel's own function runs" "$(named 'do wake')" 'do wake'
must "grep State: /proc/$pid/status"
matches "the sleeper in the new code sleeps on" "$answer" 'State:.D'
must "kill -KILL $pid"
guest_wait killed
is "killed, it leaves through the new code that is not in force" $? 137
must "until grep -q 0 $klp/transition; do sleep 0.1; done; echo 0 >$klp/enabled
	while [ -e $klp ]; do sleep 0.1; done; rmmod coexist_livepatch"
ok "the livepatch is complete then, and goes"

apply --id faults
sleeper slept
revert faults
apply --id faults
is "applied again, with the data as it was: the new function wakes a sleeper" \
	"$(named 'do wake')" woke
is "... which returns into the new code" "$(guest_wait slept)" slept
# All that was said of trouble has been looked at; nothing has come since.
linux_log_clean
finish
