#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# New code in a module of the guest's own: an entry of the kernel is redirected to it, and back.
# A module that goes under its redirect ends it.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

linux_modules guest-tests/linux/loadable
linux_start --file "$BUILD/linux/load=/bin/load" --modules crc7 \
	--file "$TEST_DIR/loadable/newcode.ko=/newcode.ko"
load_newcode() {
	must 'insmod /newcode.ko'
	symbols_of newcode
}
redirect() {
	sub redirect old=version_proc_show new=newcode_version --kernel "$KERNEL/vmlinuz" \
		--symbols "$TEST_DIR/symbols" --module "$TEST_DIR/loadable/newcode.ko"
}

version=$(guest 'cat /proc/version')
load_newcode
is "a loaded module changes nothing" "$(guest 'cat /proc/version')" "$version"
redirect || bail "redirect" "$out $(cat "$TEST_DIR/subtext.err")"
ok "redirect: $(json sites) site, pause $(json pause_tsc) ticks"
is "the module's code runs" "$(guest 'cat /proc/version /proc/version')" \
	$'Linux from a module, 1 times\nLinux from a module, 2 times'
must 'rm -f /tmp/stop'
guest_bg load "load run /tmp/stop /lib/modules/$RELEASE/kernel/lib/crc7.ko"
must 'until grep -q running /tmp/bg.load; do sleep 0.1; done'
# shellcheck disable=SC2016
cycle redirect-version_proc_show 10 '[ $SUBTEXT_STATE = "$(
	$guest_shell $com1 "grep -q module /proc/version && echo live || echo reverted")" ]'
is "back and forth under load" "$(json cycles)" 10
must ': >/tmp/stop'
matches "no work is lost" "$(guest_wait load)" 'load: .* errors=0$'
is "and the module's code ran each time" "$(guest 'cat /proc/version')" 'Linux from a module, 13 times'
revert redirect-version_proc_show
is "the kernel's own again" "$(guest 'cat /proc/version')" "$version"
must 'rmmod newcode'
redirect
is "no redirect to a module that is gone" "$sub_status $(json code)" '1 unmapped'

# ---- the module goes first ----

load_newcode
redirect || bail "redirect again" "$out $(cat "$TEST_DIR/subtext.err")"
is "loaded again, redirected again" "$(guest 'cat /proc/version')" 'Linux from a module, 1 times'
must 'rmmod newcode'
event target-gone
matches "an event reports that the target is gone" "$out" '"kind":"target-gone"'
is "the kernel's own code runs" "$(guest 'cat /proc/version')" "$version"
sub list
is "no patch is live" "$(grep -c '"state":"live"' <<<"$out")" 0
sub info
is "no page is guarded any more" "$(json guarded_pages) $(json live_sites)" '0 0'
linux_log_clean
finish
