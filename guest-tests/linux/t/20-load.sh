#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A patch of seven functions, some of which run all the time, comes and goes 200 times while all
# CPUs of a stock kernel work: nothing is lost, and user space sees the old or the new, each time.
# cpus: 2 4
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
ROUNDS=${ROUNDS:-200}
patch=$TEST_DIR/load.patch

linux_start --file "$BUILD/linux/load=/bin/load" --modules "crc7 dummy"
stock="/lib/modules/$RELEASE/kernel/lib/crc7.ko /lib/modules/$RELEASE/kernel/drivers/net/dummy.ko"
linux_build guest-tests/linux/patches/load.c "$patch"

# ---- another kernel's patch ----

old=$(scripts/linux-kernel cloud-old) || bail "there is an older kernel"
linux_build_for "$old" guest-tests/linux/patches/load.c "$TEST_DIR/old.patch"
refused "a patch for an older kernel of the series" build-id apply "$TEST_DIR/old.patch"
matches "which the refusal says plainly" "$out" 'is for another kernel'

# ---- once, quietly ----

is "before the patch: the old answers" "$(guest 'load once')" old
apply "$patch"
slide=$(json slide)
is "the hypervisor found where KASLR put the kernel" \
	"$(guest 'grep -m 1 " T _text" /proc/kallsyms')" "$(printf '%x T _text' $((0xffffffff81000000 + slide)))"
is "the patch is live: the new answers" "$(guest 'load once')" new
revert load
is "and the old ones again" "$(guest 'load once')" old

# ---- under load ----

must 'rm -f /tmp/stop'
guest_bg load "load run /tmp/stop $stock"
guest_bg watch 'load watch /tmp/stop'
must 'until grep -q running /tmp/bg.load && grep -q running /tmp/bg.watch; do sleep 0.1; done'
# The watcher has seen a change before the next one is made.
# shellcheck disable=SC2016
cycle load "$ROUNDS" '$guest_shell --wait "watch: $SUBTEXT_STATE" $com1'
is "applied and reverted $ROUNDS times under load" "$(json cycles)" "$ROUNDS"
note "apply: $(grep -oE '"apply":\{[^}]*\}[^}]*\}\}' <<<"$out")"
note "revert: $(grep -oE '"revert":\{[^}]*\}[^}]*\}\}' <<<"$out")"
must ': >/tmp/stop'
watched=$(guest_wait watch) || not_ok "the watcher" "$watched"
note "$watched"
matches "the watcher saw only old and new answers" "$watched" ' new=[1-9][0-9]* wrong=0 '
is "and each change once" "$(grep -oE 'switches=[0-9]+' <<<"$watched")" "switches=$((2 * ROUNDS))"
matches "new code of system calls, timer and softirq ran" "$watched" \
	'calls=[1-9][0-9]* ticks=[1-9][0-9]* softirqs=[1-9]'
loaded=$(guest_wait load) || not_ok "the load" "$loaded"
note "$loaded"
matches "no work was lost" "$loaded" 'load: .* errors=0$'

is "then the old answers" "$(guest 'load once')" old
sub list
matches "the patch is held, reverted" "$out" '"name":"load","state":"reverted"'
linux_log_clean
finish
