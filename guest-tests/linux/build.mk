# SPDX-License-Identifier: GPL-2.0-only
# What the Linux tests need besides Subtext: programs for the test image, and the host's side of
# the guest's command line. Kernels come from scripts/linux-kernel.

LINUX_TESTS := guest-tests/linux

ALL += $(BUILD)/linux/acpi.efi $(BUILD)/guest-shell $(BUILD)/linux/load
DEPS += $(BOOT_OBJDIR)/$(LINUX_TESTS)/acpi.d

$(BOOT_OBJDIR)/linux/acpi.so: $(BOOT_OBJDIR)/$(LINUX_TESTS)/acpi.o
	@mkdir -p $(@D)
	$(LD) $(EFI_LDFLAGS) $^ -o $@ $(EFI_LDLIBS)

$(BUILD)/linux/%.efi: $(BOOT_OBJDIR)/linux/%.so
	@mkdir -p $(@D)
	$(OBJCOPY) $(EFI_OBJCOPY_FLAGS) $< $@

.SECONDARY: $(BOOT_OBJDIR)/linux/acpi.so $(BOOT_OBJDIR)/$(LINUX_TESTS)/acpi.o

$(BUILD)/guest-shell: $(LINUX_TESTS)/tools/guest-shell.c Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $<

# Runs in the guest, where there are no libraries.
$(BUILD)/linux/load: $(LINUX_TESTS)/tools/load.c Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -static -s -o $@ $<
