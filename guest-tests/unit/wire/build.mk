# SPDX-License-Identifier: GPL-2.0-only
# Unit tests of patcher/wire.

WIRE_LINE_SRCS := patcher/wire/text.c patcher/wire/crc32.c patcher/wire/line.c
WIRE_SERVER_SRCS := $(WIRE_LINE_SRCS) patcher/wire/base64.c patcher/wire/server.c \
	patcher/wire/verbs.c

UNIT_TESTS += test_text test_line test_patch test_server test_client

test_text_SRCS := guest-tests/unit/wire/test_text.c $(WIRE_LINE_SRCS) patcher/wire/base64.c \
	patcher/wire/base64_encode.c
test_line_SRCS := guest-tests/unit/wire/test_line.c $(WIRE_LINE_SRCS)
test_line_CFLAGS := -DDOCS='"$(CURDIR)/docs"'
test_patch_SRCS := guest-tests/unit/wire/test_patch.c patcher/wire/patch.c patcher/wire/crc32.c
test_patch_CFLAGS := -DDOCS='"$(CURDIR)/docs"'
test_server_SRCS := guest-tests/unit/wire/test_server.c guest-tests/unit/wire/test_server_fake.c \
	$(WIRE_SERVER_SRCS)
test_server_CFLAGS := -DDOCS='"$(CURDIR)/docs"'
test_client_SRCS := guest-tests/unit/wire/test_client.c guest-tests/unit/wire/test_server_fake.c \
	$(addprefix patcher/wire/,base64_encode.c client.c client_upload.c) $(WIRE_SERVER_SRCS)
