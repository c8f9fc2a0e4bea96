# SPDX-License-Identifier: GPL-2.0-only
# For the scenario tests: boots the test guest on Subtext, talks to the guest on COM1 and to the
# hypervisor on COM2, counts results. Everything is bounded in time. TAP on stdout.
# Environment: BUILD, TEST_DIR (scratch), CPUS, EMULATOR.
set -u

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
BUILD=${BUILD:-build} CPUS=${CPUS:-2} EMULATOR=${EMULATOR:-bochs}
TEST_DIR=${TEST_DIR:-$(mktemp -d /tmp/subtext-test.XXXXXX)}
mkdir -p "$TEST_DIR"
PATCHES=$BUILD/patches

tests=0
machine=
answer=		# what the guest said to the last command
out=		# what the host tool printed last (JSON)
sub_status=0

ok() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

# not_ok TEXT [DIAGNOSTICS]
not_ok() {
	tests=$((tests + 1))
	echo "not ok $tests - $1"
	[ -z "${2:-}" ] || sed 's/^/#   /' <<<"$2"
}

# check TEXT COMMAND [WORD]...: a result that is good if the command succeeds.
check() {
	local text=$1
	shift
	if "$@"; then ok "$text"; else not_ok "$text" "failed: $*"; fi
}

# is TEXT GOT WANTED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi
}

# matches TEXT GOT REGEX
matches() {
	if grep -qE -- "$3" <<<"$2"; then ok "$1"; else not_ok "$1" "'$2' does not match '$3'"; fi
}

note() { sed 's/^/# /' <<<"$*"; }

# Ends the test because nothing more can be learned from this machine.
bail() {
	not_ok "$1" "${2:-}"
	tail -n 5 "$TEST_DIR/com1.log" 2>/dev/null | tr -d '\r' | sed 's/^/# com1: /'
	tail -n 5 "$TEST_DIR/emulator.out" 2>/dev/null | sed 's/^/# emulator: /'
	echo "1..$tests"
	exit 1
}

stop_machine() {
	trap - EXIT
	[ -z "$machine" ] || kill "$machine" 2>/dev/null
	wait 2>/dev/null
}
trap stop_machine EXIT
trap 'exit 143' TERM INT

# boot [LOAD OPTION]...: a machine with CPUS CPUs, Subtext, the test guest; waits until it is ready.
boot() {
	local conf=$TEST_DIR/subtext.conf disk=$TEST_DIR/boot.img tries
	printf '%s\n' 'serial = com2' 'next = \EFI\subtext\test-guest.efi' "options = $*" \
		"log-level = info" >"$conf"
	scripts/mkimage "$disk" "$BUILD/subtext.efi=EFI/BOOT/BOOTX64.EFI" \
		"$BUILD/test-guest.efi=EFI/subtext/test-guest.efi" \
		"$conf=EFI/subtext/subtext.conf" || bail "disk image"
	scripts/emulator --backend "$EMULATOR" --disk "$disk" --log "$TEST_DIR" --cpus "$CPUS" \
		--com1 "bridge:$TEST_DIR/com1" --com2 "bridge:$TEST_DIR/com2" \
		${IPS:+--ips "$IPS"} --timeout "${MACHINE_TIMEOUT:-800}" \
		2>"$TEST_DIR/emulator.err" &
	machine=$!
	for ((tries = 0; tries < 300; tries++)); do
		[ ! -S "$TEST_DIR/com1" ] || [ ! -S "$TEST_DIR/com2" ] || break
		sleep 0.1
	done
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

# sub COMMAND [WORD]...: the host tool. JSON in $out, status in $sub_status.
sub() {
	out=$("$BUILD/subtext" --connect "unix:$TEST_DIR/com2" --timeout 200 --json "$@" \
		2>"$TEST_DIR/subtext.err")
	sub_status=$?
	return $sub_status
}

# json KEY: a top-level value of $out, without quotes.
json() {
	grep -oE "\"$1\":(\"[^\"]*\"|[^,}]*)" <<<"$out" | head -n 1 | cut -d: -f2- | tr -d '"'
}

# apply FILE|--id NAME, revert NAME: a result each; the test ends if it fails.
apply() {
	sub apply "$@" || bail "apply $*" "$out $(cat "$TEST_DIR/subtext.err")"
	ok "apply ${!#}: $(json sites) sites, pause $(json pause_tsc) ticks"
}

revert() {
	sub revert "$@" || bail "revert $*" "$out $(cat "$TEST_DIR/subtext.err")"
	ok "revert $*"
}

# The same without a result, for loops.
apply_quietly() { sub apply "$@" || bail "apply $*" "$out $(cat "$TEST_DIR/subtext.err")"; }
revert_quietly() { sub revert "$@" || bail "revert $*" "$out $(cat "$TEST_DIR/subtext.err")"; }

# refused TEXT CODE COMMAND...: the hypervisor must say no, with this code.
refused() {
	local text=$1 code=$2
	shift 2
	sub "$@"
	if [ $sub_status = 1 ] && [ "$(json code)" = "$code" ]; then
		ok "$text: $code"
	else
		not_ok "$text: $code" "status $sub_status, $out $(cat "$TEST_DIR/subtext.err")"
	fi
}

# No NMI that the hypervisor sent for itself may reach the guest.
no_nmi_leaks() {
	must status
	is "no NMI of the hypervisor's reaches the guest" \
		"$(grep -oE ' nmis=[0-9]+' <<<"$answer" | grep -vc '=0')" 0
}

# No error in the hypervisor's log; switches the machine off; prints the plan.
finish() {
	local status=0 log
	log=$("$BUILD/subtext" --connect "unix:$TEST_DIR/com2" log)
	matches "the hypervisor has a log" "$log" '^I .*launched'
	is "and no error in it" "$(grep '^E ' <<<"$log")" ''
	"$BUILD/guest-line" --timeout 60 --wait '# off' "$TEST_DIR/com1" off >/dev/null
	wait "$machine" || status=$?
	machine=
	is "the machine switches itself off" "$status" 0
	echo "1..$tests"
	[ -n "${KEEP:-}" ] || rm -f "$TEST_DIR"/*.img
}
