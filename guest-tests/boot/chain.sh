#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A next loader that is not there, is no program, is Subtext itself, or comes back with an error:
# said plainly, and the firmware goes on in its boot order, where its shell runs startup.nsh.
. "$(dirname "$0")/lib.bash"

echo 'fs0:\EFI\test\next.efi started by the shell' >startup.nsh

# try NAME NEXT OPTIONS
try() {
	conf "next = $2" "options = $3"
	runs "$1" "$1: the firmware goes on in boot order" --backend tcg --cpus 1 -- \
		"${loader_first[@]}" subtext.conf=EFI/subtext/subtext.conf \
		subtext.conf=EFI/test/text.efi startup.nsh=startup.nsh
	matches "$1" 'next: [0-9]+ bytes of options \[.*started by the shell\]' \
		"$1: the next entry of the boot order runs"
}

try missing EFI/nowhere/grubx64.efi ''
says missing 'Subtext: the next loader \EFI\nowhere\grubx64.efi is not on this volume' \
	'missing: its path is named'

try text '\EFI\test\text.efi' ''
matches text 'Subtext: the next loader \\EFI\\test\\text\.efi cannot be loaded \(.+\)' \
	'text: said, with the firmware'\''s reason'

try itself /efi/boot/bootx64.efi ''
says itself 'Subtext: the next loader \efi\boot\bootx64.efi is Subtext itself; not started' \
	'itself: said'
lines itself 1 'not started: the CPU' 'itself: it ran once'

try returns /EFI/test/next.efi 'please return'
says returns 'next: 28 bytes of options [please return]' 'returns: it ran'
matches returns 'Subtext: the next loader \\EFI\\test\\next\.efi returned to Subtext \(Aborted\)' \
	'returns: said, with its status'
plan
