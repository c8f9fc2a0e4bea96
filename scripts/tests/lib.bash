# SPDX-License-Identifier: GPL-2.0-only
# Common to the tests of the scripts: TAP, and a scratch folder to work in.
# shellcheck shell=bash

set -u
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "${TEST_DIR:?}" || exit 2

tests=0
# is WHAT GOT WANTED
is() {
	tests=$((tests + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		printf '# got:\n%s\n# wanted:\n%s\n' "$2" "$3" | sed 's/^[^#]/#   &/'
	fi
}
plan() { echo "1..$tests"; }
