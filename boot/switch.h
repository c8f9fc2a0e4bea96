/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls from the loader into root mode and back (boot/switch.asm). */
#ifndef BOOT_SWITCH_H
#define BOOT_SWITCH_H

#include <stdint.h>
#include "vmm/boot_info.h"

/*
 * The code of switch.asm. Until the seal it must be mapped at its own address, executable, by
 * the firmware's page tables and by root mode's.
 */
extern const char switch_start[], switch_end[];

/**
 * resident_call - call resident_entry() on this CPU
 * @cr3: boot_info.cr3
 * @entry: RESIDENT_VA + header.entry
 * @op: enum resident_op
 * @arg: for RESIDENT_LAUNCH the CPU's index, else 0
 * @fw: first bytes of this CPU's world, by their physical address; passed to
 *      capture_firmware() on this CPU just before
 *
 * Interrupts are off meanwhile. Returns enum resident_status; after
 * RESIDENT_LAUNCH with RESIDENT_OK the caller runs as a guest.
 */
uint64_t resident_call(uint64_t cr3, uint64_t entry, uint64_t op, uint64_t arg,
		       struct firmware_state *fw);

/**
 * resident_undo - take this CPU out of root mode's reach again
 * @call: struct vendor's, asks root mode for it
 *
 * Only on a launched CPU, only before the seal.
 */
void resident_undo(void (*call)(uint64_t number));

/* Where root mode jumps to leave for good; its address goes to boot_info.leave. */
extern const char switch_leave[];

#endif
