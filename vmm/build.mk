# SPDX-License-Identifier: GPL-2.0-only
# The resident images, one for each vendor: all that runs in root mode.

ROOT_VERSION := $(VERSION_FLAG) \
	-DSUBTEXT_VERSION_CODE=$(shell echo $(VERSION) | awk -F. '{ print $$1 * 65536 + $$2 * 256 + $$3 }')

# caps.c is the loader's: it asks before anything runs in root mode.
ROOT_SRCS := $(filter-out $(VENDORS:%=vmm/%/caps.c) %/offsets.c,$(wildcard vmm/*.c vmm/*/*.c patcher/engine/*.c)) \
	$(addprefix patcher/wire/,text.c crc32.c base64.c line.c patch.c server.c verbs.c)
ROOT_ASMS := vmm/header.asm vmm/entry.asm vmm/vmx/switch.asm
ROOT_OBJS := $(ROOT_SRCS:%.c=$(BUILD)/obj/root/%.o) $(ROOT_ASMS:%.asm=$(BUILD)/obj/root/%.asm.o)
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

$(RESIDENT_ELFS): $(ROOT_OBJS) linker.ld
	$(LD) -nostdlib -static -z max-page-size=4096 --no-warn-rwx-segments -T linker.ld $(ROOT_OBJS) -o $@

$(BUILD)/resident-%.bin: $(BUILD)/resident-%.elf
	$(OBJCOPY) -O binary $< $@
