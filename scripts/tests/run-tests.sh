#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The test runner: what counts as passed, failed, skipped.
. "$(dirname "$0")/lib.bash"
export BUILD=$TEST_DIR/build TESTS='' V=0

# verdict COMMAND [SECONDS]: last line of the runner, and its exit status
verdict() {
	"$repo/scripts/run-tests" --jobs 1 "t${2:+@$2}=$1" >out
	echo "$? $(tail -n 1 out)"
}

is 'all pass' "$(verdict 'echo 1..2; echo ok 1; echo ok 2 - x')" '0 2 passed, 0 failed, 0 skipped'
is 'lines from a serial port' "$(verdict 'printf "ok 1\r\n1..1\r\n"')" '0 1 passed, 0 failed, 0 skipped'
is 'one fails' "$(verdict 'echo 1..2; echo ok 1; echo not ok 2')" '1 1 passed, 1 failed, 0 skipped'
is 'the failing line and its reasons are shown' \
	"$(verdict 'printf "1..1\nnot ok 1 - a\n# because\n"' >/dev/null; sed -n 2,3p out)" \
	$'  not ok 1 - a\n  # because'
is 'one is skipped' "$(verdict 'echo 1..1; echo "ok 1 # SKIP why"')" '0 0 passed, 0 failed, 1 skipped'
is 'cmocka skips' "$(verdict 'echo 1..1; echo "not ok 1 # SKIP a"')" '0 0 passed, 0 failed, 1 skipped'
is 'all is skipped' "$(verdict 'echo "1..0 # SKIP no KVM"')" '0 0 passed, 0 failed, 1 skipped'
is 'and the reason is shown' "$(grep skipped: out)" '  skipped: no KVM'
is 'no plan' "$(verdict 'echo ok 1')" '1 1 passed, 1 failed, 0 skipped'
is 'nothing said' "$(verdict true)" '1 0 passed, 1 failed, 0 skipped'
is 'fewer than planned' "$(verdict 'echo 1..3; echo ok 1')" '1 1 passed, 1 failed, 0 skipped'
is 'crash after the last line' "$(verdict 'echo 1..1; echo ok 1; kill -SEGV $$')" \
	'1 1 passed, 1 failed, 0 skipped'
is 'bad exit status' "$(verdict 'echo 1..1; echo ok 1; exit 3')" '1 1 passed, 1 failed, 0 skipped'
is 'bail out' "$(verdict 'echo 1..1; echo ok 1; echo Bail out! no')" '1 1 passed, 1 failed, 0 skipped'
is 'out of time' "$(verdict 'echo 1..1; echo ok 1; sleep 600' 1)" '1 1 passed, 1 failed, 0 skipped'
is 'two groups of one program' "$(verdict 'echo 1..1; echo ok 1; echo 1..1; echo ok 1')" \
	'0 2 passed, 0 failed, 0 skipped'
is 'a scratch folder for each' "$(verdict 'echo x >$TEST_DIR/x; echo 1..1; echo ok 1')" \
	'0 1 passed, 0 failed, 0 skipped'
is 'which is new each time' "$(verdict 'ls $TEST_DIR/x || echo 1..1; echo ok 1')" \
	'0 1 passed, 0 failed, 0 skipped'

for i in 1 2 3 4 5 6 7 8; do
	echo "n$i=echo 1..1; echo ok 1"
done >list
"$repo/scripts/run-tests" --jobs 3 --list list >out
is 'side by side, none is lost' "$(tail -n 1 out)" '8 passed, 0 failed, 0 skipped'
TESTS='n3 n4' "$repo/scripts/run-tests" --list list >out
is 'chosen by name' "$(tail -n 1 out)" '2 passed, 0 failed, 0 skipped'
plan
