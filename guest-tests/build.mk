# SPDX-License-Identifier: GPL-2.0-only
# Generic rules for unit tests and fuzzers that run on the build machine.
#
# A unit test is declared in the build.mk of its folder below guest-tests/unit/:
#	UNIT_TESTS += test_ept
#	test_ept_SRCS := guest-tests/unit/vmm/vmx/test_ept.c vmm/vmx/ept.c
#	test_ept_CFLAGS := -DSOMETHING		(optional; its objects are then its own)
#	test_ept_LIBS := -lZydis		(optional)
# A program that tests run, without being a test itself, the same way in HOST_PROGRAMS. A test that
# is a script: HOST_TESTS += NAME=COMMAND (without blanks); it prints TAP.
# A fuzzer in guest-tests/fuzz/<area>.mk, in the same way:
#	FUZZERS += fuzz_patch
#	fuzz_patch_SRCS := guest-tests/fuzz/fuzz_patch.c patcher/wire/patch.c
# with seeds, if any, in guest-tests/fuzz/corpus/patch/.

# Ends a program by the time of the machine it waits for.
ALL += $(BUILD)/within
$(BUILD)/within: guest-tests/within.c guest-tests/machine_time.h Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $<

-include $(sort $(wildcard guest-tests/unit/*/build.mk))
-include guest-tests/tool/build.mk
-include $(sort $(wildcard guest-tests/fuzz/*.mk))
-include guest-tests/boot/build.mk
-include guest-tests/guest/build.mk
-include guest-tests/linux/build.mk

# $(call host_objdir,KIND,PROGRAM): one directory for all programs of a kind, unless a program
# has compiler flags of its own.
host_objdir = $(BUILD)/obj/$(1)$(if $($(2)_CFLAGS),-$(2))
# $(call host_objs,KIND,PROGRAM)
host_objs = $($(2)_SRCS:%.c=$(call host_objdir,$(1),$(2))/%.o)

# $(call host_program,KIND,PROGRAM,COMPILER,FLAGS,LINK FLAGS)
define host_program
ifeq ($$(strip $($(2)_SRCS)),)
$$(error $(2)_SRCS is empty)
endif
$(BUILD)/$(1)/$(2): $(call host_objs,$(1),$(2))
	@mkdir -p $$(@D)
	$(3) $(4) -o $$@ $$^ $(5) $($(2)_LIBS)
ifneq ($($(2)_CFLAGS),)
$(call host_compile,$(call host_objdir,$(1),$(2)),$(3),$(4) $($(2)_CFLAGS))
endif
DEPS += $(patsubst %.o,%.d,$(call host_objs,$(1),$(2)))
endef

# $(call host_compile,OBJECT DIRECTORY,COMPILER,FLAGS)
define host_compile
$(1)/%.o: %.c Makefile guest-tests/build.mk
	@mkdir -p $$(@D)
	$(2) $(3) -MMD -MP -c -o $$@ $$<
endef

# libFuzzer brings its own main(); objects need its coverage, not its main.
FUZZ_COMPILE := $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link

$(eval $(call host_compile,$(BUILD)/obj/unit,$(CC),$(TEST_CFLAGS)))
$(eval $(call host_compile,$(BUILD)/obj/fuzz,$(CLANG),$(FUZZ_COMPILE)))
$(foreach t,$(UNIT_TESTS),$(eval $(call host_program,unit,$(t),$(CC),$(TEST_CFLAGS),-lcmocka)))
$(foreach t,$(HOST_PROGRAMS),$(eval $(call host_program,unit,$(t),$(CC),$(TEST_CFLAGS))))
$(foreach t,$(FUZZERS),$(eval $(call host_program,fuzz,$(t),$(CLANG),$(FUZZ_COMPILE),-fsanitize=fuzzer)))

UNIT_PROGRAMS := $(UNIT_TESTS:%=$(BUILD)/unit/%) $(HOST_PROGRAMS:%=$(BUILD)/unit/%)
FUZZ_PROGRAMS := $(FUZZERS:%=$(BUILD)/fuzz/%)
