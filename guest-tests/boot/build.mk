# SPDX-License-Identifier: GPL-2.0-only
# Programs that the boot tests put before and behind the loader.
BOOT_TEST_EFI := next lock lock-others trip
ALL += $(BOOT_TEST_EFI:%=$(BUILD)/boot-tests/%.efi)
DEPS += $(BOOT_TEST_EFI:%=$(BOOT_OBJDIR)/guest-tests/boot/%.d)

$(BOOT_OBJDIR)/guest-tests/boot/lock-others.o: guest-tests/boot/lock.c Makefile guest-tests/boot/build.mk
	@mkdir -p $(@D)
	$(CC) $(EFI_CFLAGS) -DLOCK_ONLY_OTHERS -MMD -MP -c -o $@ $<

$(BOOT_OBJDIR)/boot-tests/%.so: $(BOOT_OBJDIR)/guest-tests/boot/%.o
	@mkdir -p $(@D)
	$(LD) $(EFI_LDFLAGS) $^ -o $@ $(EFI_LDLIBS)

.SECONDARY: $(foreach t,$(BOOT_TEST_EFI),$(BOOT_OBJDIR)/boot-tests/$(t).so \
	$(BOOT_OBJDIR)/guest-tests/boot/$(t).o)
