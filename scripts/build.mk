# SPDX-License-Identifier: GPL-2.0-only
# Helpers of the test harness, and the targets that run tests.

ALL += $(BUILD)/serial-bridge

$(BUILD)/serial-bridge: scripts/serial-bridge.c Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $<
