# SPDX-License-Identifier: GPL-2.0-only
# For tests, demonstrations and the bench: the machine, in the folder $TEST_DIR, its process in
# $machine; what the host tool said of it, in $out (JSON).
# Environment: BUILD, CPUS, EMULATOR, IPS, MACHINE_TIMEOUT (seconds of its processor time).
# For the programs that wait for it: MACHINE_PID, the emulator's process, while the machine is on.

# test_guest_image DIR [LINE OF subtext.conf]...: makes DIR/boot.img, with Subtext and the test guest.
test_guest_image() {
	local dir=$1
	shift
	printf '%s\n' 'serial = com2' 'next = \EFI\subtext\test-guest.efi' "$@" >"$dir/subtext.conf"
	scripts/mkimage "$dir/boot.img" "$BUILD/subtext.efi=EFI/BOOT/BOOTX64.EFI" \
		"$dir/subtext.conf=EFI/subtext/subtext.conf" \
		"$BUILD/test-guest.efi=EFI/subtext/test-guest.efi"
}

# machine_start DISK [EMULATOR OPTION]...: switches it on, returns when both lines can be dialled.
machine_start() {
	local disk=$1
	shift
	rm -f "$TEST_DIR"/com[12] "$TEST_DIR/machine.pid"
	scripts/emulator --backend "$EMULATOR" --disk "$disk" --log "$TEST_DIR" --cpus "$CPUS" \
		--com1 "bridge:$TEST_DIR/com1" --com2 "bridge:$TEST_DIR/com2" \
		${IPS:+--ips "$IPS"} --timeout "${MACHINE_TIMEOUT:-800}" "$@" \
		2>"$TEST_DIR/emulator.err" &
	machine=$!
	until [ -S "$TEST_DIR/com1" ] && [ -S "$TEST_DIR/com2" ] && [ -s "$TEST_DIR/machine.pid" ]; do
		kill -0 "$machine" 2>/dev/null || break
		sleep 0.1
	done
	MACHINE_PID=$(cat "$TEST_DIR/machine.pid" 2>/dev/null)
	export MACHINE_PID
}

# host_tool SECONDS [WORD]...: the host tool, which measures its time-out by the host's clock; here
# the machine's time ends it.
host_tool() {
	local seconds=$1
	shift
	"$BUILD/within" "$seconds" "$BUILD/subtext" --timeout 86400 "$@"
}

# field KEY: a value of $out.
field() { sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' <<<"$out"; }

# pause_of apply|revert median|max: in ticks, of the answer to `subtext cycle`.
pause_of() {
	grep -oE "\"$1\":\{\"pause_tsc\":\{[^}]*\}" <<<"$out" | grep -oE "\"$2\":[0-9]+" |
		sed 's/.*://'
}
