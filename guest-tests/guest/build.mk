# SPDX-License-Identifier: GPL-2.0-only
# The test guest: a small SMP kernel in an EFI application.

GUEST := guest-tests/guest
GUEST_OBJ := $(BUILD)/obj/$(GUEST)

# Built as a Linux kernel is: absolute addresses in the top 2 GiB, relocations kept for the
# slide, a 5-byte NOP at each entry.
GUEST_CFLAGS := -std=gnu11 -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-strict-aliasing -O2 -g $(WARNINGS) $(INCLUDES) -pg -mfentry -mnop-mcount
GUEST_C := $(sort $(notdir $(wildcard $(GUEST)/kernel/*.c)))
GUEST_ASM := head.asm entry.asm trampoline.asm poke.asm steps.asm
GUEST_OBJS := $(GUEST_C:%.c=$(GUEST_OBJ)/kernel/%.o) $(GUEST_ASM:%.asm=$(GUEST_OBJ)/kernel/%.asm.o)

ALL += $(BUILD)/test-guest.efi $(BUILD)/test-guest.elf
DEPS += $(GUEST_C:%.c=$(GUEST_OBJ)/kernel/%.d) $(GUEST_OBJ)/efi/stub.d

$(GUEST_OBJ)/kernel/endbr.o: GUEST_CF := -fcf-protection=branch
$(GUEST_OBJ)/kernel/%.o: $(GUEST)/kernel/%.c $(GUEST)/build.mk
	@mkdir -p $(@D)
	$(CC) $(GUEST_CFLAGS) $(or $(GUEST_CF),-fcf-protection=none) -MMD -MP -c -o $@ $<

$(GUEST_OBJ)/kernel/%.asm.o: $(GUEST)/kernel/%.asm $(GUEST)/build.mk
	@mkdir -p $(@D)
	$(NASM) -f elf64 -o $@ $<

$(BUILD)/test-guest.elf: $(GUEST_OBJS) $(GUEST)/kernel/kernel.lds
	$(LD) -nostdlib -static --build-id=sha1 --emit-relocs --no-warn-rwx-segments \
		-z max-page-size=4096 -z noexecstack -T $(GUEST)/kernel/kernel.lds -o $@ $(GUEST_OBJS)

# The loader needs relocations, not debugging information.
$(GUEST_OBJ)/kernel.elf: $(BUILD)/test-guest.elf
	$(OBJCOPY) --strip-debug $< $@

$(GUEST_OBJ)/efi/stub.o: $(GUEST)/efi/stub.c $(GUEST)/build.mk
	@mkdir -p $(@D)
	$(CC) $(EFI_CFLAGS) -MMD -MP -c -o $@ $<

$(GUEST_OBJ)/efi/blob.o: $(GUEST)/efi/blob.asm $(GUEST_OBJ)/kernel.elf
	@mkdir -p $(@D)
	$(NASM) -f elf64 -DKERNEL_ELF='"$(GUEST_OBJ)/kernel.elf"' -o $@ $<

$(BUILD)/test-guest.efi: $(GUEST_OBJ)/efi/stub.o $(GUEST_OBJ)/efi/blob.o
	$(LD) $(EFI_LDFLAGS) $^ -o $(GUEST_OBJ)/test-guest.so $(EFI_LDLIBS)
	$(OBJCOPY) $(EFI_OBJCOPY_FLAGS) $(GUEST_OBJ)/test-guest.so $@

# Host programs that talk to the guest.
$(BUILD)/guest-line: $(GUEST)/tools/guest-line.c guest-tests/dial.h guest-tests/machine_time.h Makefile
	$(CC) $(HOST_CFLAGS) -o $@ $<

ALL += $(BUILD)/guest-line

# Patches: objects compiled as the kernel is, made into files by the host tool.
PATCH_CFLAGS := $(filter-out -pg -mfentry -mnop-mcount -g,$(GUEST_CFLAGS)) -fcf-protection=none \
	-Ipatcher/cli/include
GUEST_PATCHES := target greeting straggle halted pages many1 many10 many100 many300
PATCH_DIR := $(BUILD)/patches

$(GUEST_OBJ)/patches/%.o: $(GUEST)/patches/%.c $(GUEST)/build.mk
	@mkdir -p $(@D)
	$(CC) $(PATCH_CFLAGS) -MMD -MP -c -o $@ $<

GUEST_MANY := $(addprefix $(GUEST_OBJ)/patches/many,1.o 10.o 100.o 300.o)
$(GUEST_MANY): $(GUEST_OBJ)/patches/many%.o: $(GUEST)/patches/many.c $(GUEST)/build.mk
	@mkdir -p $(@D)
	$(CC) $(PATCH_CFLAGS) -DCOUNT=$* -MMD -MP -c -o $@ $<

$(PATCH_DIR)/%.patch: $(GUEST_OBJ)/patches/%.o $(BUILD)/test-guest.elf $(BUILD)/subtext
	@mkdir -p $(@D)
	$(BUILD)/subtext build $< --kernel $(BUILD)/test-guest.elf --name $* -o $@ >$@.txt

ALL += $(GUEST_PATCHES:%=$(PATCH_DIR)/%.patch)
DEPS += $(GUEST_PATCHES:%=$(GUEST_OBJ)/patches/%.d)

CHAOS_SRCS := $(GUEST)/tools/line-chaos.c \
	$(addprefix patcher/wire/,base64_encode.c client.c client_upload.c crc32.c line.c patch.c \
		text.c)
$(BUILD)/line-chaos: $(CHAOS_SRCS) $(wildcard patcher/wire/*.h) guest-tests/dial.h \
	guest-tests/machine_time.h Makefile
	$(CC) $(HOST_CFLAGS) -D_GNU_SOURCE -o $@ $(CHAOS_SRCS)

ALL += $(BUILD)/line-chaos
