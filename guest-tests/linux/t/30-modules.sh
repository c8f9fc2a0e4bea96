#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Functions of loaded modules are patched: one of a module made here, one of a stock module. When
# such a module goes, its patch retires: its pages are ordinary again for their next user.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

linux_modules guest-tests/linux/loadable
linux_start --file "$BUILD/linux/load=/bin/load" --modules "crc7 dummy" \
	--file "$TEST_DIR/loadable/answers.ko=/answers.ko"
stock=lib/modules/$RELEASE/kernel
answers=$TEST_DIR/answers.patch

# ---- a module made here ----

must 'insmod /answers.ko'
is "the module's own answers" "$(guest 'cat /proc/answers /proc/answers')" $'2 of 1\n4 of 2'
symbols_of answers
linux_build guest-tests/linux/patches/answers.c "$answers" --module "$TEST_DIR/loadable/answers.ko" \
	--symbols "$TEST_DIR/symbols"
apply "$answers"
is "the new answers, with the module's own counter" "$(guest 'cat /proc/answers')" '7006 of 3'
must 'echo 5 >/sys/module/answers/parameters/factor'
is "what the guest sets is set for the new code" "$(guest 'cat /proc/answers')" '7020 of 4'
revert answers
is "the old ones again" "$(guest 'cat /proc/answers')" '25 of 5'
apply "$answers"
is "and the new" "$(guest 'cat /proc/answers')" '7030 of 6'

# ---- it goes under its live patch ----

must 'rmmod answers; rm -f /tmp/stop'
guest_bg load "load run /tmp/stop /$stock/lib/crc7.ko"
event retired
matches "an event reports that the patch has retired" "$out" '"kind":"retired".*answers'
must 'until grep -q running /tmp/bg.load; do sleep 0.1; done; sleep 2; : >/tmp/stop'
loaded=$(guest_wait load) || not_ok "the load" "$loaded"
matches "its pages are used again, and no work is lost" "$loaded" 'load: .* errors=0$'
sub list
matches "the patch is not live any more" "$out" '"name":"answers","state":"(retired|reverted)"'
sub info
is "no page is guarded any more" "$(json guarded_pages) $(json live_sites)" '0 0'
must 'insmod /answers.ko'
is "the module loaded again is unpatched" "$(guest 'cat /proc/answers')" '2 of 1'
symbols_of answers
linux_build guest-tests/linux/patches/answers.c "$answers" --module "$TEST_DIR/loadable/answers.ko" \
	--symbols "$TEST_DIR/symbols"
apply "$answers"
matches "but can be patched again" "$(guest 'cat /proc/answers')" '^70'
revert "$answers"
is "and back" "$(guest 'cat /proc/answers')" '6 of 3'
apply "$answers"
must 'rmmod answers; insmod /answers.ko'
is "it goes and comes at once: unpatched" "$(guest 'cat /proc/answers')" '2 of 1'
event retired
is "and its patch retires" "$(json symbol)" answers:answer

# ---- a stock module ----

# received: what /proc/net/dev says of the module's device
received() { guest "sed -n 's/.*dummy0://p' /proc/net/dev | awk '{ print \$2 }'"; }
must 'modprobe dummy; ip link set dummy0 up'
symbols_of dummy
linux_build guest-tests/linux/patches/dummy.c "$TEST_DIR/dummy.patch" \
	--module "$KERNEL/$stock/drivers/net/dummy.ko" --symbols "$TEST_DIR/symbols"
is "the stock module's answer" "$(received)" 0
apply "$TEST_DIR/dummy.patch"
is "the new one" "$(received)" 4242
revert dummy
is "and the old one" "$(received)" 0
must 'rmmod dummy; rmmod answers'
linux_log_clean
finish
