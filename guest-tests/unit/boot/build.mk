# SPDX-License-Identifier: GPL-2.0-only
UNIT_TESTS += test_conf test_layout test_paging test_segment
test_conf_SRCS := guest-tests/unit/boot/test_conf.c boot/conf.c boot/text.c
test_layout_SRCS := guest-tests/unit/boot/test_layout.c boot/layout.c boot/paging.c
test_paging_SRCS := guest-tests/unit/boot/test_paging.c boot/layout.c boot/paging.c
test_segment_SRCS := guest-tests/unit/boot/test_segment.c boot/segment.c
