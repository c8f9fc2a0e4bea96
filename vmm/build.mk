# SPDX-License-Identifier: GPL-2.0-only
# The resident images, one for each vendor: all that runs in root mode.

ROOT_VERSION := $(VERSION_FLAG) \
	-DSUBTEXT_VERSION_CODE=$(shell echo $(VERSION) | awk -F. '{ print $$1 * 65536 + $$2 * 256 + $$3 }')

# What every image has, and what each vendor's back end adds. caps.c is the loader's: it asks before
# anything runs in root mode.
ROOT_COMMON_SRCS := $(filter-out %/offsets.c,$(wildcard vmm/*.c $(addprefix vmm/,emulate/*.c mem/*.c \
	smp/*.c) patcher/engine/*.c)) \
	$(addprefix patcher/wire/,text.c crc32.c base64.c line.c patch.c server.c verbs.c)
ROOT_COMMON_ASMS := vmm/header.asm vmm/entry.asm
# $(call vendor_srcs,VENDOR), and its assembly
vendor_srcs = $(filter-out vmm/$(1)/caps.c vmm/$(1)/offsets.c,$(wildcard vmm/$(1)/*.c))
vendor_asms = $(wildcard vmm/$(1)/*.asm)
root_objs = $(patsubst %,$(BUILD)/obj/root/%.o,$(basename $(filter %.c,$(1))) $(filter %.asm,$(1)))

ROOT_SRCS := $(ROOT_COMMON_SRCS) $(foreach v,$(VENDORS),$(call vendor_srcs,$(v)))
ROOT_ASMS := $(ROOT_COMMON_ASMS) $(foreach v,$(VENDORS),$(call vendor_asms,$(v)))
ROOT_OFFSETS := $(patsubst %.c,$(ASM_INCLUDE)/%.inc,$(wildcard vmm/offsets.c vmm/*/offsets.c))
DEPS += $(ROOT_SRCS:%.c=$(BUILD)/obj/root/%.d) $(ROOT_OFFSETS:.inc=.d)
RESIDENT_ELFS := $(VENDORS:%=$(BUILD)/resident-%.elf)
ALL += $(RESIDENT_ELFS) $(RESIDENT_ELFS:.elf=.bin)

$(BUILD)/obj/root/%.o: %.c Makefile vmm/build.mk
	@mkdir -p $(@D)
	$(CC) $(ROOT_CFLAGS) $(ROOT_VERSION) -MMD -MP -c $< -o $@

$(ASM_INCLUDE)/vmm/%.inc: vmm/%.c Makefile vmm/build.mk
	$(call make_offsets,$(ROOT_CFLAGS))

$(BUILD)/obj/root/%.asm.o: %.asm vmm/push.inc $(ROOT_OFFSETS) vmm/build.mk
	@mkdir -p $(@D)
	$(NASM) -f elf64 -Werror -I$(ASM_INCLUDE)/ -I./ $< -o $@

# $(call resident,VENDOR)
define resident
$(BUILD)/resident-$(1).elf: $(call root_objs,$(ROOT_COMMON_SRCS) $(ROOT_COMMON_ASMS) \
	$(call vendor_srcs,$(1)) $(call vendor_asms,$(1))) linker.ld
	$(LD) -nostdlib -static -z max-page-size=4096 --no-warn-rwx-segments -T linker.ld \
		$$(filter %.o,$$^) -o $$@
endef
$(foreach v,$(VENDORS),$(eval $(call resident,$(v))))

$(BUILD)/resident-%.bin: $(BUILD)/resident-%.elf
	$(OBJCOPY) -O binary $< $@
