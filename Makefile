# SPDX-License-Identifier: GPL-2.0-only
# Subtext: one non-recursive Makefile. Each directory adds its rules in a build.mk of its own;
# everything that is built goes under build/, everything that is downloaded under .cache/.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
BUILD := build
CACHE := .cache

# The one place where the version stands: the loader, the hypervisor and the host tool print it.
VERSION := 0.1.0
VERSION_FLAG := -DSUBTEXT_VERSION='"$(VERSION)"'

# One line per file that is made; V=1 shows the commands. SHELL is expanded for every command of a
# recipe, which is the one place where make knows the target without help from each rule.
V ?= 0
ifeq ($(V),0)
.SILENT:
said :=
say_target = $(if $(filter-out $(said),$(filter $(BUILD)/%,$@)),$(info $()  $@)$(eval said := $@))
SHELL = $(say_target)/bin/bash
else
SHELL := /bin/bash
endif

CC := gcc
CLANG := clang
LD := ld
NASM := nasm
OBJCOPY := objcopy

# bochs (default) or kvm. If the machine cannot run it, scripts/pick-emulator prints why and chooses
# another.
EMULATOR ?= bochs
# Tests that run at the same time. One emulator keeps one core busy, whatever its number of CPUs.
JOBS ?= $(shell nproc)
# Inputs per fuzzer in `make test` (a count, so that a slow machine does no less work) ...
FUZZ_RUNS ?= 50000
# ... and seconds per fuzzer in `make fuzz`.
FUZZ_SECONDS ?= 60

INCLUDES := -I.
WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla

HOST_CFLAGS := -std=gnu11 -O2 -g $(WARNINGS) $(INCLUDES)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TEST_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -Wno-missing-prototypes $(INCLUDES) $(SANITIZE)
FUZZ_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror $(INCLUDES) $(SANITIZE)

# VMX root mode: no libc, no SSE, no red zone (NMIs), addresses in the top 2 GiB.
ROOT_CFLAGS := -std=c11 -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-pic -fno-pie -fstack-protector-strong -fcf-protection=none \
	-fno-asynchronous-unwind-tables -O2 -g $(WARNINGS) $(INCLUDES)

# EFI applications by GNU-EFI: a shared object that objcopy turns into a PE file.
EFI_INC := /usr/include/efi
EFI_LIB := /usr/lib
EFI_CRT0 := $(EFI_LIB)/crt0-efi-x86_64.o
EFI_LDS := $(EFI_LIB)/elf_x86_64_efi.lds
EFI_CFLAGS := -std=gnu11 -I$(EFI_INC) -I$(EFI_INC)/x86_64 $(INCLUDES) -DGNU_EFI_USE_MS_ABI \
	-ffreestanding -fpic -fshort-wchar -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables -O2 -g -Wall -Wextra -Werror
# Objects go between EFI_LDFLAGS and EFI_LDLIBS.
EFI_LDFLAGS := -nostdlib -znocombreloc -znoexecstack --no-warn-rwx-segments --no-undefined \
	-T $(EFI_LDS) -shared -Bsymbolic -L$(EFI_LIB) $(EFI_CRT0)
EFI_LDLIBS := -lefi -lgnuefi
EFI_OBJCOPY_FLAGS := -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel -j .rela \
	-j .rel.* -j .rela.* -j .rodata -j .reloc --target efi-app-x86_64 --subsystem=10

# The vendors' back ends. Each has a folder vmm/VENDOR, a file boot/VENDOR.c, and an image
# build/resident-VENDOR.bin that the loader carries.
VENDORS := vmx

# Numbers of C headers for assembly (vmm/offsets.h).
ASM_INCLUDE := $(BUILD)/include
# $(call make_offsets,FLAGS): $@ from the offsets.c $<
define make_offsets
@mkdir -p $(@D)
$(CC) $(1) -MMD -MP -MT $@ -MF $(@:.inc=.d) -S -o $(@:.inc=.s) $<
sed -n 's|^->\([A-Z0-9_]* \)[$$]\(-\{0,1\}[0-9]*\)$$|\1equ \2|p' $(@:.inc=.s) > $@
endef

# What the fragments add to: files that `make` builds, and unit test and fuzzer names.
ALL :=
UNIT_TESTS :=
FUZZERS :=
# Dependency files written by -MMD; fragments add theirs.
DEPS :=

all:

# Set-up runs once, before anything is built: make remakes this file first, then starts over.
NO_SETUP := help setup clean distclean check-platform
ifneq ($(filter-out $(NO_SETUP),$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/setup.mk
endif

$(BUILD)/setup.mk: $(wildcard scripts/setup)
	@if [ -x scripts/setup ]; then scripts/setup; fi
	@mkdir -p $(BUILD) && echo '# set-up has run' > $@

-include boot/build.mk
-include vmm/build.mk
-include patcher/build.mk
-include guest-tests/build.mk
-include scripts/build.mk

.PHONY: help all setup run run-guest console test test-unit test-boot test-guest test-linux test-image test-scripts fuzz bench
.PHONY: check-platform check-image clean distclean

all: $(ALL)

help:
	@echo 'make run             watch it happen: boot Linux, build a fix, patch, revert, power off'
	@echo 'make test            every test; last line: N passed, N failed, N skipped'
	@echo
	@echo 'make / make all      build $(BUILD)/subtext.efi, $(BUILD)/subtext and the test guest'
	@echo 'make test-unit       unit tests on this machine (ASan, UBSan)'
	@echo 'make test-image      checks of the built hypervisor image'
	@echo 'make test-scripts    the test runner and the checkers themselves'
	@echo 'make test-boot       the loader, also where it must refuse (Bochs, QEMU)'
	@echo 'make test-guest      scenarios in the test guest, with 1 to 8 CPUs'
	@echo 'make test-linux      stock Debian kernels on Subtext, patched while they run'
	@echo 'make fuzz            fuzzers, $(FUZZ_SECONDS) s each (FUZZ_SECONDS=N)'
	@echo 'make bench           measure; writes $(BUILD)/bench.json'
	@echo 'make run-guest       like make run, with the test guest, a small kernel of ours: quicker'
	@echo 'make console         Linux under Subtext, its shell on this terminal (GUEST=test: the test guest)'
	@echo 'make check-platform  can this machine run EMULATOR=kvm, and if not, why'
	@echo 'make check-image     same as test-image, in full'
	@echo 'make setup           install packages and fetch the emulator (done by itself once)'
	@echo 'make clean           remove $(BUILD)/'
	@echo 'make distclean       remove $(BUILD)/ and $(CACHE)/ (downloads)'
	@echo
	@echo 'Variables: EMULATOR=bochs|kvm (now: $(EMULATOR)), JOBS=N, CPUS=N (run, console),'
	@echo '           TESTS="name ..." (only these of the chosen target), V=1 (show test output)'

setup:
	@scripts/setup

check-platform:
	@scripts/check-platform

clean:
	rm -rf $(BUILD)

distclean: clean
	rm -rf $(CACHE)

-include $(DEPS)
