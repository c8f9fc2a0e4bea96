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

for cpus in 1 2 4 8; do
	plural=s
	[ $cpus != 1 ] || plural=
	serial='serial = com2' said='console on com2'
	[ $cpus != 1 ] || serial='serial = none' said='no console'
	conf 'next = /EFI/test/next.efi' 'options = under Subtext' "$serial"
	runs on$cpus "$cpus CPUs: the next loader runs to its end" "${backend[@]}" \
		--com2 "file:$TEST_DIR/com2.$cpus" --cpus $cpus -- "${files[@]}"
	matches on$cpus "Subtext [0-9]+\.[0-9]+\.[0-9]+: $cpus CPU$plural, [0-9]+\.[0-9] MiB reserved at 0x[0-9A-F]+, $said" \
		"$cpus CPUs: Subtext says that it runs"
	lines on$cpus 1 '^Subtext' "$cpus CPUs: and nothing else"
	says on$cpus 'next: 28 bytes of options [under Subtext]' "$cpus CPUs: the options arrive"
	says on$cpus 'next: VMX is not visible' "$cpus CPUs: VMX is hidden"
	says on$cpus "next: $cpus CPUs answer" "$cpus CPUs: all answer the firmware"
	says on$cpus 'next: boot services are left' "$cpus CPUs: and let it go"
done

conf 'next = /EFI/test/next.efi' 'subtext = off'
runs off4 '4 CPUs, without Subtext: runs to its end' "${backend[@]}" --cpus 4 -- "${files[@]}"
check_memory 4

# Bochs' OVMF has its console on every serial port; with QEMU only the first is one.
if [ "$EMULATOR" = bochs ]; then
	if grep -qa BdsDxe com2.2 && ! grep -qa next: com2.2; then
		ok "2 CPUs: the firmware lets go of com2"
	else
		not_ok "2 CPUs: the firmware lets go of com2"
	fi
	if grep -qa BdsDxe com2.1 && grep -qa next: com2.1; then
		ok "1 CPUs: with serial = none it keeps com2"
	else
		not_ok "1 CPUs: with serial = none it keeps com2"
	fi
fi
plan
