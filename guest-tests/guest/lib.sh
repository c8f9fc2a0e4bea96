# SPDX-License-Identifier: GPL-2.0-only
# For the scenario tests: boots the test guest on Subtext, talks to the guest on COM1. The rest is in
# guest-tests/lib.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
PATCHES=$BUILD/patches
answer=		# what the guest said to the last command

# boot [LOAD OPTION]...: a machine with CPUS CPUs, Subtext, the test guest; waits until it is ready.
boot() {
	test_guest_image "$TEST_DIR" "options = $*" 'log-level = info' || bail "disk image"
	machine_start "$TEST_DIR/boot.img"
	answer=$("$BUILD/guest-line" --timeout 300 --wait 'guest: ready' "$TEST_DIR/com1") ||
		bail "the guest boots on Subtext with $CPUS CPUs" "$answer"
	grep -q "$CPUS of $CPUS CPUs up" <<<"$answer" ||
		bail "the guest boots on Subtext with $CPUS CPUs" "$answer"
	guest info
	grep -q '^# subtext=[0-9]' <<<"$answer" || bail "the guest runs on Subtext" "$answer"
	ok "the guest boots on Subtext with $CPUS CPUs"
}

# guest COMMAND [WORD]...: runs it; its output is in $answer. Fails if a result was "not ok".
guest() {
	local status
	answer=$("$BUILD/guest-line" --timeout "${GUEST_TIMEOUT:-300}" "$TEST_DIR/com1" "$@")
	status=$?
	[ $status -le 1 ] || bail "the guest answers '$*'" "status $status
$answer"
	return $status
}

# Takes the results in $answer over as our own.
take_results() {
	local line text
	while IFS= read -r line; do
		case $line in
		"ok "*) ok "${line#ok * - }" ;;
		"not ok "*)
			text=${line#not ok * - }
			not_ok "${text% # *}" "${text##* # }" ;;
		esac
	done <<<"$answer"
}

# guest_ok COMMAND [WORD]...: the same, and takes the results over.
guest_ok() {
	local status=0
	guest "$@" || status=$?
	grep -qE '^(not )?ok ' <<<"$answer" || not_ok "guest: $*" "no result"
	take_results
	[ $status = 0 ] || grep '^# ' <<<"$answer"
	return $status
}

# must COMMAND [WORD]...: the guest obeys, or the test ends; not a result of its own.
must() {
	guest "$@" || bail "guest: $*" "$answer"
}

# counters JOB NAME: the values of all its CPUs, in one line.
counters() {
	grep "^# $1 cpu=" <<<"$answer" | grep -oE " $2=[0-9]+" | cut -d= -f2 | tr '\n' ' '
}

# turns NAME: how often the CPUs saw it change.
turns() {
	must turns
	sed -n "s/.* $1=\([0-9]*\).*/\1/p" <<<"$answer"
}

# No NMI that the hypervisor sent for itself may reach the guest.
no_nmi_leaks() {
	must status
	is "no NMI of the hypervisor's reaches the guest" \
		"$(grep -oE ' nmis=[0-9]+' <<<"$answer" | grep -vc '=0')" 0
}

# No error in the hypervisor's log; switches the machine off; prints the plan.
finish() {
	local status=0
	log_has_no_error
	"$BUILD/guest-line" --timeout 60 --wait '# off' "$TEST_DIR/com1" off >/dev/null
	wait "$machine" || status=$?
	machine=
	is "the machine switches itself off" "$status" 0
	echo "1..$tests"
	[ -n "${KEEP:-}" ] || rm -f "$TEST_DIR"/*.img
}
