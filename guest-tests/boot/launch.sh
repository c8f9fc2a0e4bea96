#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The machine under Subtext: what is said, what is reserved, and that the firmware can still start
# every CPU by INIT and SIPI.
. "$(dirname "$0")/lib.bash"

backend=(--backend "$EMULATOR")
files=("${loader_first[@]}" subtext.conf=EFI/subtext/subtext.conf)
mib=1048576

# Memory that Subtext says it reserved, in tenths of a MiB.
said_reserved() {
	sed -nE 's/^Subtext .* ([0-9]+)\.([0-9]) MiB reserved at .*/\1\2/p' "$1/console"
}

# check_memory CPUS: what it says is what the memory map lost, and not more than 16 MiB.
check_memory() {
	local cpus=$1 said took
	said=$(said_reserved on$cpus)
	took=$(($(reserved on$cpus) - $(reserved off$cpus)))
	if [ -n "$said" ] && [ $(((took * 1024 * 10 + mib / 2) / mib)) = "$said" ]; then
		ok "$cpus CPUs: reserved is what it says, and no more"
	else
		not_ok "$cpus CPUs: reserved is what it says, and no more"
		echo "# took $took KiB, said ${said:-nothing} tenths of a MiB"
	fi
	if [ $took -le 16384 ]; then
		ok "$cpus CPUs: at most 16 MiB"
	else
		not_ok "$cpus CPUs: at most 16 MiB"
	fi
}

for cpus in 1 2 4; do
	plural=s
	[ $cpus != 1 ] || plural=
	serial='serial = com2' said='console on com2'
	[ $cpus != 1 ] || serial='serial = none' said='no console'
	conf 'next = /EFI/test/next.efi' 'subtext = off'
	runs off$cpus "$cpus CPUs, without Subtext: runs to its end" "${backend[@]}" \
		--cpus $cpus -- "${files[@]}"
	conf 'next = /EFI/test/next.efi' 'options = under Subtext' "$serial"
	runs on$cpus "$cpus CPUs: the next loader runs to its end" "${backend[@]}" \
		--cpus $cpus -- "${files[@]}"
	matches on$cpus "Subtext [0-9]+\.[0-9]+\.[0-9]+: $cpus CPU$plural, [0-9]+\.[0-9] MiB reserved at 0x[0-9A-F]+, $said" \
		"$cpus CPUs: Subtext says that it runs"
	lines on$cpus 1 '^Subtext' "$cpus CPUs: and nothing else"
	says on$cpus 'next: 28 bytes of options [under Subtext]' "$cpus CPUs: the options arrive"
	says on$cpus 'next: VMX is not visible' "$cpus CPUs: VMX is hidden"
	says on$cpus "next: $cpus CPUs answer" "$cpus CPUs: all answer the firmware"
	check_memory $cpus
done
plan
