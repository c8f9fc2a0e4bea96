/* SPDX-License-Identifier: GPL-2.0-only */
/* The firmware's segment registers, out of its descriptor table. Pure logic. */
#ifndef BOOT_SEGMENT_H
#define BOOT_SEGMENT_H

#include <stdint.h>
#include "vmm/boot_info.h"

/**
 * segments_parse - what loading each selector leaves in its segment register
 * @gdt: the table, @limit bytes and one more, readable
 * @selector: one for each enum segment_register
 *
 * A selector that is null, of an LDT, or outside of the table gives a segment that
 * is not usable. TR always gets a busy TSS, an empty one if the firmware has none,
 * because a guest cannot run without (SDM 3C "Checks on Guest Segment Registers").
 * FS and GS get the base of their descriptor: 64-bit code has it elsewhere. SDM 3A
 * "Segment Descriptors". Any context.
 */
void segments_parse(const void *gdt, uint16_t limit, const uint16_t selector[SEGMENTS],
		    struct segment out[SEGMENTS]);

#endif
