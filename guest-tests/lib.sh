# SPDX-License-Identifier: GPL-2.0-only
# For scenario tests with any guest: results in TAP on stdout, the machine that runs, the host tool
# on the hypervisor's line (COM2). Every wait is bounded by the machine's time. Read by the lib.sh of each kind of
# guest. Environment: BUILD, TEST_DIR (scratch), CPUS, EMULATOR.
set -u

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. scripts/machine.sh
BUILD=${BUILD:-build} CPUS=${CPUS:-2} EMULATOR=${EMULATOR:-bochs}
TEST_DIR=${TEST_DIR:-$(mktemp -d /tmp/subtext-test.XXXXXX)}
mkdir -p "$TEST_DIR"

tests=0
machine=
out=		# what the host tool printed last (JSON)
sub_status=0
log=		# what the hypervisor's log holds

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

# bail TEXT [DIAGNOSTICS]: ends it all because nothing more can be learned from this machine; from
# $(...) too.
bail() {
	if [ "$BASHPID" != $$ ]; then
		printf '%s\n' "$@" >"$TEST_DIR/bail"
		kill -USR1 $$
		exit 1
	fi
	give_up "$@"
}

# The last part of bail; scripts that read this file and are no tests replace it.
give_up() {
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
trap 'bail "$(head -n 1 "$TEST_DIR/bail")" "$(tail -n +2 "$TEST_DIR/bail")"' USR1

# sub COMMAND [WORD]...: the host tool, bounded by SUB_TIMEOUT seconds of the machine's time (200; 800
# for `cycle`, which is many requests). JSON in $out, status in $sub_status.
sub() {
	local limit=200
	[ "$1" != cycle ] || limit=800
	out=$(host_tool "${SUB_TIMEOUT:-$limit}" --connect "unix:$TEST_DIR/com2" --json "$@" \
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

# hypervisor_log: it is then in $log.
hypervisor_log() {
	log=$(host_tool 200 --connect "unix:$TEST_DIR/com2" log)
	matches "the hypervisor has a log" "$log" '^I .*launched'
}

log_has_no_error() {
	hypervisor_log
	is "and no error in it" "$(grep '^E ' <<<"$log")" ''
}
