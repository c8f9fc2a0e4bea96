#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The last CPU cannot be launched: all others leave VMX operation, the memory goes back, the
# machine boots as if nothing had been.
. "$(dirname "$0")/lib.bash"

if [ "$EMULATOR" != bochs ]; then
	echo '1..0 # SKIP the firmware of this emulator locks IA32_FEATURE_CONTROL with VMX on'
	exit
fi

files=("$subtext=EFI/subtext/subtext.efi" "$next=EFI/test/next.efi"
	subtext.conf=EFI/subtext/subtext.conf)

for cpus in 2 4; do
	conf 'next = /EFI/test/next.efi' 'subtext = off'
	runs off$cpus "$cpus CPUs, without Subtext: runs to its end" --cpus $cpus -- \
		"$BUILD/boot-tests/trip.efi=EFI/BOOT/BOOTX64.EFI" "${files[@]}"
	conf 'next = /EFI/test/next.efi'
	runs undo$cpus "$cpus CPUs: runs to its end" --cpus $cpus -- \
		"$BUILD/boot-tests/trip.efi=EFI/BOOT/BOOTX64.EFI" "${files[@]}"
	says undo$cpus "Subtext: not started: the CPU with APIC ID $((cpus - 1)) could not be launched: IA32_FEATURE_CONTROL does not let VMX be switched on; booting without Subtext" \
		"$cpus CPUs: the reason and the CPU are named"
	lines undo$cpus 1 '^Subtext' "$cpus CPUs: and nothing else is said"
	says undo$cpus 'next: VMX is visible' "$cpus CPUs: no hypervisor is left on the boot CPU"
	says undo$cpus "next: $cpus CPUs answer" "$cpus CPUs: all answer the firmware"
	says undo$cpus 'next: boot services are left' "$cpus CPUs: and let it go"
	if [ "$(reserved off$cpus)" = "$(reserved undo$cpus)" ]; then
		ok "$cpus CPUs: all memory was given back"
	else
		not_ok "$cpus CPUs: all memory was given back"
		echo "# reserved: $(reserved off$cpus) KiB without, $(reserved undo$cpus) KiB after"
	fi
done
plan
