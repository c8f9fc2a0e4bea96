#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's kernel for ordinary machines, with all mitigations that it chooses here, page-table
# isolation among them: patches are built for it, come and go under load. A patch for another
# kernel is refused.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
patch=$TEST_DIR/load.patch

linux_start --flavour generic --memory 768 --plain --append 'tsc=reliable cryptomgr.notests' \
	--file "$BUILD/linux/load=/bin/load" --modules "crc7 dummy"
stock=/lib/modules/$RELEASE/kernel
matches "page-table isolation is in force" \
	"$(guest 'cat /sys/devices/system/cpu/vulnerabilities/meltdown')" 'Mitigation: PTI'

other=$(scripts/linux-kernel cloud) || bail "there is a cloud kernel"
linux_build_for "$other" guest-tests/linux/patches/load.c "$TEST_DIR/other.patch"
refused "a patch for another kernel" build-id apply "$TEST_DIR/other.patch"
matches "which the refusal says plainly" "$out" 'is for another kernel'
linux_build guest-tests/linux/patches/load.c "$patch"
apply "$patch"
is "the hypervisor found where KASLR put the kernel" \
	"$(guest 'grep -m 1 " T _text" /proc/kallsyms')" \
	"$(printf '%x T _text' $((0xffffffff81000000 + $(json slide))))"
is "the new answers" "$(guest 'load once')" new
revert load
is "the old answers" "$(guest 'load once')" old
must 'rm -f /tmp/stop'
guest_bg load "load run /tmp/stop $stock/lib/crc7.ko $stock/drivers/net/dummy.ko"
guest_bg watch 'load watch /tmp/stop'
must 'until grep -q running /tmp/bg.load && grep -q running /tmp/bg.watch; do sleep 0.1; done'
# shellcheck disable=SC2016
cycle load 20 '$guest_shell --wait "watch: $SUBTEXT_STATE" $com1'
must ': >/tmp/stop'
watched=$(guest_wait watch) || not_ok "the watcher" "$watched"
matches "user space sees the old and the new, each time" "$watched" ' new=[1-9][0-9]* wrong=0 switches=40 '
loaded=$(guest_wait load) || not_ok "the load" "$loaded"
note "$loaded"
matches "no work is lost" "$loaded" 'load: .* errors=0$'
linux_log_clean
finish
