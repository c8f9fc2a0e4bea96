#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine without VMX (QEMU's TCG): one plain sentence, then the next loader with its options.
. "$(dirname "$0")/lib.bash"

conf 'next = /EFI/test/next.efi' 'options = root=/dev/sda1 é € "x" # y'

runs amd 'AMD CPU: the next loader runs to its end' --backend tcg --cpus 2 -- \
	"${loader_first[@]}" subtext.conf=EFI/subtext/subtext.conf
says amd 'Subtext: not started: the CPU is not made by Intel (CPUID.0); booting without Subtext' \
	'AMD CPU: the reason is named'
lines amd 1 '^Subtext' 'AMD CPU: and nothing else is said'
# 26 characters and the final NUL, 2 bytes each.
says amd 'next: 54 bytes of options [root=/dev/sda1 {00E9} {20AC} "x" # y]' \
	'AMD CPU: the options arrive as UCS-2'
says amd 'next: 2 CPUs answer' 'AMD CPU: both CPUs answer the firmware'

runs intel 'Intel CPU without VMX: the next loader runs to its end' \
	--backend tcg --cpus 1 --cpu Haswell -- \
	"${loader_first[@]}" subtext.conf=EFI/subtext/subtext.conf
says intel 'Subtext: not started: the CPU has no VMX (CPUID.1:ECX bit 5); booting without Subtext' \
	'Intel CPU without VMX: the reason is named'
says intel 'next: 1 CPUs answer' 'Intel CPU without VMX: one CPU is fine'
plan
