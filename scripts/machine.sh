# SPDX-License-Identifier: GPL-2.0-only
# For tests and demonstrations: the machine, in the folder $TEST_DIR. Its process is in $machine.
# Environment: BUILD, CPUS, EMULATOR, IPS, MACHINE_TIMEOUT (seconds of its processor time).

# machine_start DISK [EMULATOR OPTION]...: switches it on, returns when both lines can be dialled.
machine_start() {
	local disk=$1 tries
	shift
	rm -f "$TEST_DIR"/com[12] "$TEST_DIR/machine.pid"
	scripts/emulator --backend "$EMULATOR" --disk "$disk" --log "$TEST_DIR" --cpus "$CPUS" \
		--com1 "bridge:$TEST_DIR/com1" --com2 "bridge:$TEST_DIR/com2" \
		${IPS:+--ips "$IPS"} --timeout "${MACHINE_TIMEOUT:-800}" "$@" \
		2>"$TEST_DIR/emulator.err" &
	machine=$!
	for ((tries = 0; tries < 300; tries++)); do
		[ ! -S "$TEST_DIR/com1" ] || [ ! -S "$TEST_DIR/com2" ] ||
			[ ! -s "$TEST_DIR/machine.pid" ] || break
		kill -0 "$machine" 2>/dev/null || break
		sleep 0.1
	done
}
