#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A patch with data of its own that also uses a variable of the kernel's; many patches one after the
# other; two of them on one page.
# cpus: 1 2
. "$(dirname "$0")/../lib.sh"
boot

# says CPU WORDS: waits for such a line.
says() {
	"$BUILD/guest-line" --timeout 200 --wait "[cpu $1] $2" "$TEST_DIR/com1" >/dev/null
}

calls() {
	must call greeting
	sed -n 's/.*result=//p' <<<"$answer"
}

first=$(calls)
is "the kernel's counter counts" "$(calls)" "$(printf '0x%x' $((first + 1)))"
apply "$PATCHES/greeting.patch"
is "new code counts in the kernel's own variable" "$(calls)" "$(printf '0x%x' $((first + 2)))"
revert greeting
is "and old code goes on from there" "$(calls)" "$(printf '0x%x' $((first + 3)))"

must start greet all 20
check "cpu 0 says the old words" says 0 'hello from the kernel as it was built'
apply --id greeting
check "cpu 0 says the new words" says 0 'hello from code that came over the serial line'
[ "$CPUS" = 1 ] || check "cpu 1 says its own" says 1 'hello from the patch, as cpu 1 says it'
revert greeting
for ((cpu = 0; cpu < CPUS; cpu++)); do
	check "cpu $cpu says the old words again" says $cpu 'hello from the kernel as it was built'
done
guest_ok stop greet

# Patches side by side: reverting one must leave the others alone, on shared pages too.
apply "$PATCHES/straggle.patch"
apply "$PATCHES/pages.patch"
apply "$PATCHES/halted.patch"
apply "$PATCHES/many100.patch"
revert pages
must call straggle
matches "a patch on the page of a reverted one stays in force" "$answer" 0x5eed5eed
must call page_one
matches "the reverted one does not" "$answer" 0x1d01d01
apply --id pages
revert straggle
revert halted
must call page_two
matches "applied again beside them" "$answer" 0x5eed5eed
must call straggle
matches "the old code runs where it should" "$answer" 0xfeeb
must call f099
matches "100 others are in force meanwhile" "$answer" 0x6301
revert many100
revert pages
sub info
is "no site is live at the end" "$(json live_sites)" 0
is "no page is guarded at the end" "$(json guarded_pages)" 0
finish
