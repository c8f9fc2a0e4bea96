# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2154	# $answer comes from the other one
# For the tests of the library of fixes: boots the kernel that has the bugs, shows for each fix the
# old behaviour, the new and the old again.
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

FIXES=guest-tests/linux/fixes
WITH_BUGS=6.1.0-47-cloud-amd64		# what the triggers were written for: 6.1.170

# skip_all WHY
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

# fixes_start [OPTION OF linux_start]...: a machine with that kernel, or the end of the test if
# there is none any more.
fixes_start() {
	local folder
	folder=$(scripts/linux-kernel cloud-old) || bail "there is a cloud-old kernel"
	[ "$(cat "$folder/release")" = "$WITH_BUGS" ] ||
		skip_all "the archive has no $WITH_BUGS any more"
	linux_start --flavour cloud-old --file "$BUILD/linux/triggers=bin/triggers" "$@"
	must 'mkdir -p /mnt; ip link set lo up'
}

# shows TEXT old|fixed NAME: a result, what NAME.sh prints in the guest.
shows() {
	must "exec 2>&1; trigger() { triggers \"\$1\"; }; $(cat "$FIXES/$3.sh")"
	matches "$3, $1: $answer" "$answer" "^$2: "
}

# fix NAME [OPTION OF subtext build]...: one fix from source to seen effect and back.
fix() {
	local name=$1 patch=$TEST_DIR/$1.patch
	shift
	linux_build "$FIXES/$name.c" "$patch" "$@"
	shows before old "$name"
	apply "$patch"
	shows patched fixed "$name"
	revert "$name"
	shows reverted old "$name"
}

# fixes_together NAME...: the patches, which the hypervisor has from `fix`, live side by side.
fixes_together() {
	local name
	for name; do
		apply_quietly --id "$name"
	done
	for name; do
		shows "with the others" fixed "$name"
	done
	for name; do
		revert_quietly "$name"
	done
	sub list
	is "none of them is live any more" "$(grep -c '"state":"live"' <<<"$out")" 0
}

# fix_module NAME MODULE FILE: as fix, for a function of a stock module; FILE in
# lib/modules/RELEASE/kernel.
fix_module() {
	must "modprobe $2; grep -m 1 ' T _text' /proc/kallsyms; grep -H . /sys/module/$2/sections/.*"
	printf '%s\n' "$answer" >"$TEST_DIR/symbols"
	fix "$1" --module "$KERNEL/lib/modules/$RELEASE/kernel/$3" --symbols "$TEST_DIR/symbols"
}

# build_refused NAME REGEX: a fix that cannot be built, and why.
build_refused() {
	local said status=0
	said=$("$BUILD/subtext" build "$FIXES/$1.c" --kernel "$KERNEL/vmlinuz" \
		--headers "$KERNEL/build" -o "$TEST_DIR/$1.patch" 2>&1) || status=$?
	is "build $1.c is refused" "$status" 4
	matches "and says why" "$said" "$2"
}
