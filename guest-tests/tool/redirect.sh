#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `subtext redirect`: patches with one site that lead to a module of the guest, and the lines of
# /proc/kallsyms with its addresses.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

make_kernel
start_server line
export SUBTEXT_CONNECT=unix:$work/line

# in_file FILE OFFSET SIZE: a little-endian number of a patch file
in_file() { od -An -v -tx"$3" -j"$2" -N"$3" "$1" | tr -d ' \n'; }

redirect() { run redirect "$@" --kernel kernel.elf; }

kallsyms 0x2000000 >guest
printf '%s\n' $'ffffffffc0201000 t check_v2\t[newcode]' $'ffffffffc0201040 T twin\t[newcode]' \
	$'ffffffffc0301000 T twin\t[other]' $'ffffffffc0202000 d table\t[newcode]' \
	$'ffffffffc0201000 T twin_in_kernel' >modules
cat guest modules >all

# ---- the patch ----

redirect old=check new=check_v2 --symbols all -o by-name.patch --json
expect_json "redirect by name" 0 "j['ok'] and j['name'] == 'by-name' and j['old'] == 'check' and \
	j['window'] == '$(symbol check)' and j['target'] == '0xffffffffc0201000'"
run inspect by-name.patch --json
expect_json "the site leads to an address of the running kernel" 0 \
	"[(s['target']['kind'], s['target']['address']) for s in j['sites']] == \
	[('absolute', '0xffffffffc0201000')]"
sites=$((0x$(in_file by-name.patch 192 4)))
check "in the file too" test "$(in_file by-name.patch $((sites + 8)) 8) $(in_file by-name.patch $((sites + 28)) 1)" = \
	"ffffffffc0201000 02"
check "which has no text" test "$(in_file by-name.patch 176 8)" = 0000000000000000
check "and notes the slide" grep -aq '^slide=0x2000000$' by-name.patch

redirect old=check new=0xffffffffc0201000 -o by-address.patch
expect "redirect by address" 0 "check (0x"
check "without a slide" bash -c '! grep -aq "^slide=" by-address.patch'
redirect old=check new=newcode:twin --symbols all -o a.patch
expect "a name in a module" 0 "newcode:twin (0xffffffffc0201040)"
redirect old=check new=vmlinux:twin_in_kernel --symbols all -o a.patch
expect "a name in the kernel" 0 "0xffffffffc0201000"
redirect old=check new=check_v2 --symbols modules -o a.patch
expect "some of the lines are enough" 0 "0xffffffffc0201000"
redirect old=local_twin@one.c new=check_v2 --symbols all -o a.patch
expect "the old function is named as in a build" 0 "local_twin@one.c (0x"

# ---- over the line ----

redirect old=check new=check_v2 --symbols all --json
expect_json "redirect at once" 0 "j['ok'] and j['name'] == 'redirect-check' and j['sites'] == 1"
run revert redirect-check
expect "and back" 0 "reverted redirect-check"
redirect old=check new=check_v2 --symbols all
expect "and again" 0 "applied redirect-check"
run apply by-name.patch
expect "from a file" 0 "applied by-name"
{ kallsyms 0x4000000; cat modules; } >other-boot
redirect old=helper new=check_v2 --symbols other-boot
expect "addresses from another boot" 4 "another boot"
redirect old=helper new=check_v2 --symbols other-boot -o stale.patch
run apply stale.patch --json
expect_json "for apply too" 4 "j['error']['code'] == 'other-boot'"
redirect old=helper new=check_v2 --symbols modules
expect "not known without a symbol of the kernel" 0 "applied redirect-helper"

# ---- refusals ----

rm -f ./*.patch
redirect old=nobody new=0xffffffffc0201000
refused "an old function that is not there" undefined-symbol "'nobody'"
redirect old=local_twin new=0xffffffffc0201000
refused "one of several old functions" ambiguous-symbol "local_twin@1"
redirect old=entry_SYSCALL_64 new=0xffffffffc0201000
refused "an entry without room" too-short "cannot be replaced"
redirect old=setup new=0xffffffffc0201000
refused "an old function that is freed" init-section "setup"
redirect old=check new=nobody --symbols all
refused "a new function that is not there" undefined-symbol "there is no symbol 'nobody'"
redirect old=check new=other:check_v2 --symbols all
refused "not in that module" undefined-symbol "no symbol 'check_v2' in other"
redirect old=check new=twin --symbols all
refused "one of several new functions" ambiguous-symbol "0xffffffffc0301000 T twin in other"
redirect old=check new=table --symbols all
refused "data" not-code "its type in all is d"
redirect old=check new=0x401000
refused "an address of user space" bad-address "0x401000"
redirect old=check new=0xffffffffc020100g
refused "no address" bad-address "0xffffffffc020100g"
sed 's/^[0-9a-f]*/0000000000000000/' all >zeros
redirect old=check new=check_v2 --symbols zeros
refused "hidden addresses" hidden-addresses "kptr_restrict"
{ cat guest; echo "ffffffffc0201000 t"; } >broken
redirect old=check new=check_v2 --symbols broken
refused "a line that is none" bad-symbols "broken:$(wc -l <broken): "
: >empty
redirect old=check new=check_v2 --symbols empty
refused "an empty file" bad-symbols "has no symbols"
{ grep -v ' T helper' all; echo "ffffffff83333330 T helper"; } >moved
redirect old=check new=check_v2 --symbols moved
refused "of another kernel" other-kernel "lies elsewhere"
truncate -s 65M huge
redirect old=check new=check_v2 --symbols huge
refused "a file that is too large" file-too-large "huge is larger than 65536 KiB, the most that is taken"
redirect old=check new=check_v2 --symbols missing
refused "a missing file" unreadable "missing"
redirect old=check new=check_v2
expect "a name without symbols" 2 "--symbols is missing"
redirect old=check
expect "no new function" 2 "give old=NAME"
redirect old=check old=check new=0xffffffffc0201000
expect "two old functions" 2 "given twice"
redirect check new=0xffffffffc0201000
expect "a bare name" 2 "neither old=NAME nor new=NAME"
run redirect old=check new=0xffffffffc0201000
expect "no kernel" 2 "--kernel is missing"

finish
