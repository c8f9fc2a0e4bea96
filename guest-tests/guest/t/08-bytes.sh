#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenario 8: bytes that are not the expected ones are refused, with address, expected and found; a
# patch of many functions changes none of them then.
# cpus: 1 2 4
. "$(dirname "$0")/../lib.sh"
boot slide=0x3ea00000

address() {
	must bytes "$1"
	sed -n 's/.* at=\(0x[0-9a-f]*\) .*/\1/p' <<<"$answer"
}

nop=0f1f440000
other=b801020304	# MOV EAX, imm32: harmless at an entry
must start call-loop all
guest_ok poke target $other
refused "a changed entry" bytes apply "$PATCHES/target.patch"
is "names the function" "$(json symbol)" target
is "names the address" "$(json address)" "$(address target)"
is "names the bytes expected" "$(json expected)" $nop
is "names the bytes found" "$(json found)" $other
must call target
matches "the guest's code runs" "$answer" 0x1d01d01
guest_ok poke target $nop
apply "$PATCHES/target.patch"
revert target

guest_ok poke f150 $other
refused "one changed entry of 300" bytes apply "$PATCHES/many300.patch"
is "names the function" "$(json symbol)" f150
is "names the address" "$(json address)" "$(address f150)"
is "names the bytes found" "$(json found)" $other
for f in f000 f149 f151 f299; do
	must call $f
	matches "$f is as it was" "$answer" "result=0x$(printf '%x' $((10#${f#f} << 8)))\$"
done
sub list
check "nothing is in force" test -z "$(grep -o '"state":"live"' <<<"$out")"
guest_ok poke f150 $nop
apply "$PATCHES/many300.patch"
must call f150
matches "now it works" "$answer" 'result=0x9601'
refused "the same function twice" overlap apply "$PATCHES/many1.patch"
is "names the function" "$(json symbol)" f000
revert many300
guest_ok stop call-loop
finish
