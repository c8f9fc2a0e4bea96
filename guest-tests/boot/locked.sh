#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A firmware that locked VMX off: Bochs leaves IA32_FEATURE_CONTROL open, lock.efi locks it.
. "$(dirname "$0")/lib.bash"

if [ "$EMULATOR" != bochs ]; then
	echo '1..0 # SKIP the firmware of this emulator locks IA32_FEATURE_CONTROL with VMX on'
	exit
fi

conf 'next = /EFI/test/next.efi' 'options = after refusal'
files=("$subtext=EFI/subtext/subtext.efi" "$next=EFI/test/next.efi"
	subtext.conf=EFI/subtext/subtext.conf)

runs all 'locked off: the next loader runs to its end' --cpus 2 -- \
	"$BUILD/boot-tests/lock.efi=EFI/BOOT/BOOTX64.EFI" "${files[@]}"
matches all 'Subtext: not started: .*IA32_FEATURE_CONTROL.*; booting without Subtext' \
	'locked off: the reason is named'
lines all 1 '^Subtext' 'locked off: and nothing else is said'
says all 'next: 28 bytes of options [after refusal]' 'locked off: the options arrive'
says all 'next: 2 CPUs answer' 'locked off: both CPUs answer the firmware'

runs others 'locked off on one CPU: the next loader runs to its end' --cpus 2 -- \
	"$BUILD/boot-tests/lock-others.efi=EFI/BOOT/BOOTX64.EFI" "${files[@]}"
matches others \
	'Subtext: not started: on the CPU with APIC ID 1, .*IA32_FEATURE_CONTROL.*; booting without Subtext' \
	'locked off on one CPU: it is named'
says others 'next: 2 CPUs answer' 'locked off on one CPU: both CPUs answer the firmware'
plan
