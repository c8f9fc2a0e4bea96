# SPDX-License-Identifier: GPL-2.0-only
# Fuzzers of patcher/wire.

FUZZERS += fuzz_line fuzz_patch fuzz_server

fuzz_line_SRCS := guest-tests/fuzz/fuzz_line.c patcher/wire/text.c patcher/wire/crc32.c \
	patcher/wire/line.c
fuzz_patch_SRCS := guest-tests/fuzz/fuzz_patch.c patcher/wire/patch.c patcher/wire/crc32.c
fuzz_server_SRCS := guest-tests/fuzz/fuzz_server.c guest-tests/unit/wire/test_server_fake.c \
	patcher/wire/text.c patcher/wire/crc32.c patcher/wire/line.c patcher/wire/base64.c \
	patcher/wire/server.c patcher/wire/verbs.c
