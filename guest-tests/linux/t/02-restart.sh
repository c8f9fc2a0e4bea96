#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A kernel starts the next one by kexec, with Subtext below both; then the machine is reset and
# boots again from its firmware.
# cpus: 2 4
. "$(dirname "$0")/../lib.sh"

# all_there: everything works after a start of any kind.
all_there() {
	is "$1: all CPUs are online" "$(guest nproc)" "$CPUS"
	sub info
	is "$1: the hypervisor has them all" "$(json cpus)" "$CPUS"
	linux_log_clean
}

scripts/mkinitramfs "$TEST_DIR/second.img" || bail "initramfs"
linux_start --file "$BUILD/linux/kexec=bin/kexec" --file "$TEST_DIR/second.img=boot/initrd.img" \
	--file "$(scripts/linux-kernel cloud)/vmlinuz=boot/vmlinuz"
sub info
first=$(json nonce)
must 'kexec load /boot/vmlinuz /boot/initrd.img "$(cat /proc/cmdline) second"'
linux_ready "kexec: the next kernel boots" 'kexec go'
matches "kexec: it is the next one" "$(guest 'cat /proc/cmdline')" ' second$'
all_there kexec
is "kexec: the hypervisor is the same" "$(json nonce)" "$first"

linux_ready "reset: the machine boots again" 'reboot -f'
matches "reset: the first kernel" "$(guest 'cat /proc/cmdline')" 'notests$'
all_there reset
check "reset: the hypervisor is a new one" [ "$(json nonce)" != "$first" ]
finish
