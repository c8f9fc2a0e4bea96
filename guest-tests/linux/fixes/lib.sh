# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154	# $answer comes from the other one
# For the tests of the library of fixes: boots the kernel that has the bugs, shows for each fix the
# old behaviour, the new and the old again.
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

FIXES=guest-tests/linux/fixes
WITH_BUGS=6.1.0-47-cloud-amd64		# what the fixes were written for: 6.1.170
seen=()					# fixes whose effect was seen

# fixes_start [OPTION OF linux_start]...: a machine with the oldest kernel of the archive.
fixes_start() {
	linux_start --flavour cloud-old --file "$BUILD/linux/triggers=bin/triggers" "$@"
	must 'mkdir -p /mnt; ip link set lo up'
}

# run NAME: NAME.sh in the guest or, if there is none, its trigger; what it says is in $answer.
run() {
	local text="triggers $1"
	[ ! -e "$FIXES/$1.sh" ] || text=$(cat "$FIXES/$1.sh")
	must "exec 2>&1; $text"
}

# shows TEXT old|fixed NAME: a result, what it says now.
shows() {
	run "$3"
	matches "$3, $1: $answer" "$answer" "^$2: "
}

# newer_kernel NAME: skips it if the archive has no kernel any more that has the bug.
newer_kernel() {
	[ "$RELEASE" != "$WITH_BUGS" ] && [[ $answer = fixed:* ]] || return 1
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP the oldest kernel to be had, $RELEASE, has this fix"
}

# fix NAME [OPTION OF subtext build]...: one fix from source to seen effect and back.
fix() {
	local name=$1 patch=$TEST_DIR/$1.patch
	shift
	run "$name"
	newer_kernel "$name" && return
	matches "$name, before: $answer" "$answer" '^old: '
	linux_build "$FIXES/$name.c" "$patch" "$@"
	apply "$patch"
	shows patched fixed "$name"
	revert "$name"
	shows reverted old "$name"
	seen+=("$name")
}

# fixes_together: all of them, which the hypervisor has from `fix`, live side by side.
fixes_together() {
	local name
	for name in "${seen[@]}"; do
		apply_quietly --id "$name"
	done
	for name in "${seen[@]}"; do
		shows "with the others" fixed "$name"
	done
	for name in "${seen[@]}"; do
		revert_quietly "$name"
	done
	sub list
	is "none of them is live any more" "$(grep -c '"state":"live"' <<<"$out")" 0
}

# fix_module NAME MODULE FILE: as fix, for a function of a stock module; FILE in
# lib/modules/RELEASE/kernel.
fix_module() {
	must "modprobe $2"
	symbols_of "$2"
	fix "$1" --module "$KERNEL/lib/modules/$RELEASE/kernel/$3" --symbols "$TEST_DIR/symbols"
}

# build_refused NAME REGEX: a fix that cannot be built, and why.
build_refused() {
	linux_build_refused "$FIXES/$1.c" "build $1.c is refused" "and says why" "$2"
}
