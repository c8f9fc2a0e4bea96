# SPDX-License-Identifier: GPL-2.0-only
# Helpers of the test harness, and the targets that run tests.

ALL += $(BUILD)/serial-bridge $(BUILD)/bochs-commit.so

$(BUILD)/serial-bridge: scripts/serial-bridge.c Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $<

$(BUILD)/bochs-commit.so: scripts/bochs-commit.c Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -Wno-missing-prototypes -fPIC -shared -o $@ $< -ldl

# guest-tests/unit/scripts/test_bridge.c starts it.
$(BUILD)/unit/test_bridge: | $(BUILD)/serial-bridge

# pick-emulator chooses the emulator once per run and prints it.
export EMULATOR JOBS FUZZ_RUNS TESTS V CPUS BUILD
RUN_TESTS := scripts/run-tests --jobs $(JOBS)
PICK_EMULATOR = export EMULATOR; EMULATOR=$$(scripts/pick-emulator $(EMULATOR)) || exit 1

# Lists of NAME=COMMAND for run-tests, made anew each time: the tests are found by wildcard.
LISTS := $(BUILD)/test-lists

UNIT_LIST = $(foreach t,$(UNIT_TESTS),'$(t)=CMOCKA_MESSAGE_OUTPUT=TAP $(BUILD)/unit/$(t)') \
	$(HOST_TESTS:%='%')
FUZZ_LIST = $(foreach t,$(FUZZERS),'$(t)=scripts/run-fuzz $(t)')
# The lines of these count as root mode's; from vmm/build.mk.
export ROOT_SOURCES = $(ROOT_SRCS) $(ROOT_ASMS)
IMAGE_LIST = $(foreach v,$(VENDORS),'check-image-$(v)=scripts/check-image $(BUILD)/resident-$(v).elf')

# The short ones first: what is wrong shows soon.
.PHONY: test-lists
test-lists:
	@mkdir -p $(LISTS)
	@printf '%s\n' $(UNIT_LIST) > $(LISTS)/unit
	@printf '%s\n' $(FUZZ_LIST) > $(LISTS)/fuzz
	@printf '%s\n' $(IMAGE_LIST) > $(LISTS)/image
	@scripts/list-tests scripts scripts/tests > $(LISTS)/scripts
	@scripts/list-tests boot guest-tests/boot > $(LISTS)/boot
	@scripts/list-tests guest guest-tests/guest/t > $(LISTS)/guest
	@scripts/list-tests linux guest-tests/linux/t > $(LISTS)/linux

test: all $(LINUX_KERNELS) $(UNIT_PROGRAMS) $(FUZZ_PROGRAMS) test-lists
	@$(PICK_EMULATOR); $(RUN_TESTS) $(foreach l,unit scripts image fuzz boot guest linux,--list $(LISTS)/$(l))

test-unit: $(UNIT_PROGRAMS) test-lists
	@$(RUN_TESTS) --list $(LISTS)/unit

test-image: all test-lists
	@$(RUN_TESTS) --list $(LISTS)/image

test-scripts: test-lists
	@$(RUN_TESTS) --list $(LISTS)/scripts

test-boot: all test-lists
	@$(PICK_EMULATOR); $(RUN_TESTS) --list $(LISTS)/boot

test-guest: all test-lists
	@$(PICK_EMULATOR); $(RUN_TESTS) --list $(LISTS)/guest

test-linux: all $(LINUX_KERNELS) test-lists
	@$(PICK_EMULATOR); $(RUN_TESTS) --list $(LISTS)/linux

fuzz: $(FUZZ_PROGRAMS) test-lists
	@FUZZ_SECONDS=$(FUZZ_SECONDS) TEST_TIMEOUT=$$(($(FUZZ_SECONDS) * 3 + 60)) \
		$(RUN_TESTS) --list $(LISTS)/fuzz

check-image: all
	@for image in $(RESIDENT_ELFS); do scripts/check-image $$image || exit; done

run: all
	@$(PICK_EMULATOR); scripts/demo

run-guest: all
	@$(PICK_EMULATOR); scripts/demo-guest

console: all
	@$(PICK_EMULATOR); scripts/console

bench: all
	@$(PICK_EMULATOR); scripts/bench $(BUILD)/bench.json
