#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Subtext's next loader is systemd-boot, which starts the kernel by an entry of its own; with the
# kernel's default mitigations, among them page table isolation on the emulated processor.
# cpus: 2
. "$(dirname "$0")/../lib.sh"

tools=$(scripts/linux-kernel tools)
printf '%s\n' 'timeout 0' 'default stock.conf' >"$TEST_DIR/loader.conf"
printf '%s\n' 'title Stock kernel' 'linux /vmlinuz.efi' 'initrd /initrd.img' \
	'options console=ttyS0,115200 quiet loglevel=1 from-entry' >"$TEST_DIR/stock.conf"
linux_start --next '\EFI\systemd\systemd-bootx64.efi' \
	--esp "$tools/usr/lib/systemd/boot/efi/systemd-bootx64.efi=EFI/systemd/systemd-bootx64.efi" \
	--esp "$TEST_DIR/loader.conf=loader/loader.conf" \
	--esp "$TEST_DIR/stock.conf=loader/entries/stock.conf"
matches "by the entry of systemd-boot" "$(guest 'cat /proc/cmdline')" 'from-entry'
is "all CPUs are online" "$(guest nproc)" "$CPUS"
matches "page table isolation is in force" \
	"$(guest 'cat /sys/devices/system/cpu/vulnerabilities/meltdown')" 'Mitigation: PTI'
sub info
is "the hypervisor has all CPUs" "$(json cpus)" "$CPUS"
linux_log_clean
finish
