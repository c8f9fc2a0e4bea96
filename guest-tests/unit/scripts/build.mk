# SPDX-License-Identifier: GPL-2.0-only
# Unit tests of what is in scripts/.

UNIT_TESTS += test_bridge
test_bridge_SRCS := guest-tests/unit/scripts/test_bridge.c
