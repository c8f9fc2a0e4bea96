# SPDX-License-Identifier: GPL-2.0-only
# Tests of the host tool: the pure parts with cmocka, the program itself by shell scripts, which
# run a build of it with the sanitizers, and a make-believe hypervisor.

UNIT_TESTS += test_cli_window
test_cli_window_SRCS := guest-tests/unit/test_cli_window.c patcher/cli/window.c patcher/cli/disasm.c
test_cli_window_LIBS := -lZydis

HOST_PROGRAMS += subtext-asan
subtext-asan_SRCS := $(CLI_SRCS)
subtext-asan_CFLAGS := $(CLI_CFLAGS)
subtext-asan_LIBS := $(CLI_LIBS)

HOST_PROGRAMS += test_cli_server
test_cli_server_SRCS := guest-tests/unit/test_cli_server.c \
	$(addprefix patcher/wire/,base64.c crc32.c line.c patch.c server.c text.c)

HOST_TESTS += cli-build=guest-tests/unit/test_cli_build.sh
HOST_TESTS += cli-tables=guest-tests/unit/test_cli_tables.sh
HOST_TESTS += cli-linux-build=guest-tests/unit/test_cli_linux_build.sh
HOST_TESTS += cli-inspect=guest-tests/unit/test_cli_inspect.sh
HOST_TESTS += cli-module=guest-tests/unit/test_cli_module.sh
HOST_TESTS += cli-redirect=guest-tests/unit/test_cli_redirect.sh
HOST_TESTS += cli-session=guest-tests/unit/test_cli_session.sh
HOST_TESTS += cli-usage=guest-tests/unit/test_cli_usage.sh
