# SPDX-License-Identifier: GPL-2.0-only
# The engine on a machine that is not there: fake_*.c are all it asks for.
ENGINE_TEST_SRCS := guest-tests/unit/engine/test_engine_util.c \
	$(wildcard guest-tests/unit/engine/fake_*.c patcher/engine/*.c) \
	patcher/wire/patch.c patcher/wire/crc32.c patcher/wire/text.c

$(foreach t,test_engine test_engine_refusals test_engine_merge test_engine_load test_engine_watch \
	test_stages,\
	$(eval UNIT_TESTS += $(t)) \
	$(eval $(t)_SRCS := guest-tests/unit/engine/$(t).c $(ENGINE_TEST_SRCS)))

test_engine_refusals_CFLAGS := -DDOCS='"$(CURDIR)/docs"'
test_stages_CFLAGS := -DDOCS='"$(CURDIR)/docs"'

# CPUs as threads: the thread sanitizer instead of the others.
UNIT_TESTS += test_engine_threads
test_engine_threads_SRCS := guest-tests/unit/engine/test_engine_threads.c $(ENGINE_TEST_SRCS)
test_engine_threads_CFLAGS := -fno-sanitize=all -fsanitize=thread
test_engine_threads_LIBS := -fno-sanitize=all -fsanitize=thread

UNIT_TESTS += test_ranges
test_ranges_SRCS := guest-tests/unit/engine/test_ranges.c patcher/engine/ranges.c
