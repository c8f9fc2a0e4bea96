# SPDX-License-Identifier: GPL-2.0-only
# What the Linux tests need besides Subtext: programs for the test image, and the host's side of
# the guest's command line. Kernels come from scripts/linux-kernel.

LINUX_TESTS := guest-tests/linux
# Programs that run in the guest, where there are no libraries.
LINUX_TOOLS := kexec load

ALL += $(BUILD)/linux/acpi.efi $(BUILD)/guest-shell $(LINUX_TOOLS:%=$(BUILD)/linux/%)
DEPS += $(BOOT_OBJDIR)/$(LINUX_TESTS)/acpi.d

$(BOOT_OBJDIR)/linux/acpi.so: $(BOOT_OBJDIR)/$(LINUX_TESTS)/acpi.o
	@mkdir -p $(@D)
	$(LD) $(EFI_LDFLAGS) $^ -o $@ $(EFI_LDLIBS)

.SECONDARY: $(BOOT_OBJDIR)/linux/acpi.so $(BOOT_OBJDIR)/$(LINUX_TESTS)/acpi.o

$(BUILD)/guest-shell: $(LINUX_TESTS)/tools/guest-shell.c guest-tests/dial.h guest-tests/machine_time.h Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -o $@ $<

$(LINUX_TOOLS:%=$(BUILD)/linux/%): $(BUILD)/linux/%: $(LINUX_TESTS)/tools/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(HOST_CFLAGS) -static -s -o $@ $<

# Kernels are fetched once, when a test needs them.
LINUX_FLAVOURS := cloud cloud-old generic
LINUX_KERNELS := $(LINUX_FLAVOURS:%=$(CACHE)/linux/%/release)
$(LINUX_KERNELS): $(CACHE)/linux/%/release:
	@scripts/linux-kernel $* >/dev/null
.PRECIOUS: $(LINUX_KERNELS)

# What one subject needs is declared beside it.
-include $(sort $(wildcard $(LINUX_TESTS)/*/build.mk))
