#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A kernel that is patched starts the next one by kexec: the new kernel is written over the old one's
# pages, boots unpatched and can be patched itself.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
patch=$TEST_DIR/load.patch

scripts/mkinitramfs "$TEST_DIR/second.img" "$BUILD/linux/load=bin/load" || bail "initramfs"
linux_start --file "$BUILD/linux/kexec=bin/kexec" --file "$TEST_DIR/second.img=boot/initrd.img" \
	--file "$(scripts/linux-kernel cloud)/vmlinuz=boot/vmlinuz" --file "$BUILD/linux/load=bin/load"
linux_build guest-tests/linux/patches/load.c "$patch"
apply "$patch"
first=$(json slide)
is "the first kernel is patched" "$(guest 'load once')" new
must 'kexec load /boot/vmlinuz /boot/initrd.img "$(cat /proc/cmdline) second"'
linux_ready "the next kernel boots" 'kexec go'
matches "it is the next one" "$(guest 'cat /proc/cmdline')" ' second$'
is "and not patched" "$(guest 'load once')" old
event patch-reverted
note "$out"
matches "an event reports that the patch retired" "$out" '"kind":"retired"'
matches "and another that it was reverted" "$out" '"kind":"patch-reverted"'
sub list
matches "the patch is not live" "$out" '"name":"load","state":"reverted"'
sub info
is "no page is guarded any more" "$(json guarded_pages) $(json live_sites)" '0 0'
apply "$patch"
note "slide $first, then $(json slide)"
is "the next kernel is patched by the same file" "$(guest 'load once')" new
revert load
is "and unpatched" "$(guest 'load once')" old
linux_log_clean
finish
