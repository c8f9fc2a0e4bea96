# SPDX-License-Identifier: GPL-2.0-only
ENGINE_TEST_SRCS := guest-tests/unit/engine/test_engine_util.c guest-tests/unit/engine/fake_machine.c \
	$(wildcard patcher/engine/*.c) patcher/wire/patch.c patcher/wire/crc32.c \
	patcher/wire/text.c vmm/mem/pool.c vmm/mem/mtrr.c vmm/vmx/ept.c vmm/vmx/view.c

# The fake counts allocations and lets some fail.
ENGINE_TEST_LIBS := -Wl,--wrap=pool_alloc

$(foreach t,test_engine test_engine_refusals test_engine_merge test_engine_load test_engine_watch,\
	$(eval UNIT_TESTS += $(t)) \
	$(eval $(t)_SRCS := guest-tests/unit/engine/$(t).c $(ENGINE_TEST_SRCS)) \
	$(eval $(t)_LIBS := $(ENGINE_TEST_LIBS)))

# CPUs as threads: the thread sanitizer instead of the others.
UNIT_TESTS += test_engine_threads
test_engine_threads_SRCS := guest-tests/unit/engine/test_engine_threads.c $(ENGINE_TEST_SRCS)
test_engine_threads_CFLAGS := -fno-sanitize=all -fsanitize=thread
test_engine_threads_LIBS := $(ENGINE_TEST_LIBS) -fno-sanitize=all -fsanitize=thread

UNIT_TESTS += test_ranges
test_ranges_SRCS := guest-tests/unit/engine/test_ranges.c patcher/engine/ranges.c
