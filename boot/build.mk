# SPDX-License-Identifier: GPL-2.0-only
# The EFI application, build/subtext.efi. It carries build/resident-VENDOR.bin (vmm/build.mk).

BOOT_SRCS := $(filter-out boot/offsets.c,$(wildcard boot/*.c)) $(VENDORS:%=vmm/%/caps.c)
BOOT_OBJDIR := $(BUILD)/obj/efi
BOOT_OBJS := $(BOOT_SRCS:%.c=$(BOOT_OBJDIR)/%.o) $(BOOT_OBJDIR)/boot/switch.o \
	$(VENDORS:%=$(BOOT_OBJDIR)/boot/blob-%.o)

ALL += $(BUILD)/subtext.efi
DEPS += $(BOOT_SRCS:%.c=$(BOOT_OBJDIR)/%.d) $(ASM_INCLUDE)/boot/offsets.d

$(BOOT_OBJDIR)/%.o: %.c Makefile boot/build.mk
	@mkdir -p $(@D)
	$(CC) $(EFI_CFLAGS) $(VERSION_FLAG) -MMD -MP -c -o $@ $<

$(ASM_INCLUDE)/boot/%.inc: boot/%.c Makefile boot/build.mk
	$(call make_offsets,$(EFI_CFLAGS))

$(BOOT_OBJDIR)/boot/switch.o: boot/switch.asm $(ASM_INCLUDE)/boot/offsets.inc Makefile
	@mkdir -p $(@D)
	$(NASM) -f elf64 -Werror -I$(ASM_INCLUDE)/ -o $@ $<

# The table of vendors.
$(BOOT_OBJDIR)/boot/vendor.o: EFI_CFLAGS += -DVENDORS='$(foreach v,$(VENDORS),VENDOR($(v)))'

$(BOOT_OBJDIR)/boot/blob-%.o: boot/blob.asm $(BUILD)/resident-%.bin Makefile
	@mkdir -p $(@D)
	$(NASM) -f elf64 -Werror -DVENDOR=$* -DRESIDENT_BIN="'$(BUILD)/resident-$*.bin'" -o $@ $<

$(BOOT_OBJDIR)/subtext.so: $(BOOT_OBJS)
	$(LD) $(EFI_LDFLAGS) $^ -o $@ $(EFI_LDLIBS)

# The test programs', too: those in folders of obj/efi are in the same folders of build/.
$(BUILD)/%.efi: $(BOOT_OBJDIR)/%.so
	@mkdir -p $(@D)
	$(OBJCOPY) $(EFI_OBJCOPY_FLAGS) $< $@
