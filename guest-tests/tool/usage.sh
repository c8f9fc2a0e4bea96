#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Options, help, usage errors; that man page and completion know what the tool knows.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

COMMANDS="info list log watch console apply revert cycle abort set inspect build symbols redirect"
man=$TOP/patcher/cli/subtext.1
completion=$TOP/patcher/cli/subtext.bash-completion

run --help
expect "--help" 0 "Exit status"
for c in $COMMANDS; do
	expect "--help names $c" 0 $'\n  '"$c "
done
check "--help names no others" diff <(sed -n '/^Commands:/,/^$/s/^  \([^ ]*\) .*/\1/p' <<<"$out" | sort) \
	<(tr ' ' '\n' <<<"$COMMANDS" | sort)
version=$(sed -n 's/^VERSION := //p' "$TOP/Makefile")
run --version
expect "--version" 0 "subtext $version"
run
expect "no command" 2 "which command?"
run frobnicate
expect "an unknown command" 2 "there is no command 'frobnicate'"
run --timeout soon info
expect "a timeout that is no number" 2 "--timeout takes seconds"
run --timeout 0 info
expect "a timeout of nothing" 2 "--timeout takes seconds"
run info --connect
expect "an option without its argument" 2 "requires an argument"

for c in $COMMANDS; do
	run "$c" --help
	expect "$c --help" 0 "Usage: subtext $c"
	run "$c" --no-such-option
	expect "$c --no-such-option" 2 "unrecognized option"
done
for c in info log console abort list watch; do
	run "$c" surplus
	expect "$c with an argument too many" 2 "one argument too many"
done
while read -r line; do
	# shellcheck disable=SC2086
	run $line
	expect_status "usage: $line" 2
done <<'LIST'
apply
apply one two
apply one --id two
revert
revert one two
cycle one
cycle one none
cycle one 0
cycle one 2 3
set key
set key value more
inspect
inspect one two
inspect one --instructions many
symbols
symbols name
redirect
watch --count 0
watch --within soon
build
build a.o
build a.o -o o
build a.c -k k --headers one --headers two
build -k k -o o
build a.o -k k -o o --replace old
build a.o -k k -o o --replace =new
build a.o -k k -o o --symbol name=
build a.o -k k -o o --symbol name=0xzz
LIST

run inspect /nowhere --json
expect_json "common options may stand behind the command" 4 "j['error']['code'] == 'unreadable'"
run --json inspect /nowhere
expect_json "or before it" 4 "j['error']['code'] == 'unreadable'"

# ---- man page and completion ----

check "the man page is of this version" grep -qxF ".TH SUBTEXT 1 \"\" \"Subtext $version\" \"User Commands\"" "$man"
for c in $COMMANDS; do
	check "the man page has $c" grep -q "^\(\.B[RI]* *\|.fB\)$c\b" "$man"
done
options=$(for c in "" $COMMANDS; do
	# shellcheck disable=SC2086
	"$SUBTEXT" $c --help
done | grep -o -- '--[a-z-]*' | sort -u | grep -v -e '^--usage$' -e '^--$')
for o in $options; do
	escaped=${o//-/\\\\-}
	check "the man page has $o" grep -q -- "$escaped" "$man"
	check "the completion has $o" grep -q -- "$o" "$completion"
done
if command -v man >/dev/null; then
	log=$(MANROFFSEQ='' man --warnings -l -Tutf8 "$man" 2>&1 >/dev/null)
	check "the man page has no errors" test -z "$log"
fi

# complete WORD...: what is offered for the last of the words
complete_words() {
	bash -c '
		complete() { :; }
		. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		_subtext
		echo "${COMPREPLY[@]}"' _ "$completion" "$@"
}
check "completion of commands offers all of them" diff <(complete_words subtext '' | tr ' ' '\n' | sort) \
	<(tr ' ' '\n' <<<"$COMMANDS" | sort)
check "completion of commands" test "$(complete_words subtext in)" = "info inspect"
check "also behind options" test "$(complete_words subtext --connect unix:x --json rev)" = revert
check "of options of a command" test "$(complete_words subtext build --anch)" = --anchor
check "of common options" test "$(complete_words subtext info --js)" = --json

finish
