# SPDX-License-Identifier: GPL-2.0-only
FUZZERS += fuzz_conf
fuzz_conf_SRCS := guest-tests/fuzz/fuzz_conf.c boot/conf.c boot/text.c
