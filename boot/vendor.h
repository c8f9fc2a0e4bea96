/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the loader needs to know of a vendor's CPUs. Each vendor has one file in boot/, which
 * defines its struct vendor, and a resident image of its own.
 */
#ifndef BOOT_VENDOR_H
#define BOOT_VENDOR_H

#include <stdbool.h>
#include <stdint.h>
#include <efi.h>

/* A sentence for the person; @status: enum resident_status or enum launch_status. */
struct status_text {
	uint64_t status;
	const CHAR16 *text;		/* NULL ends a table */
};

/* A CPU goes by its place in struct cpus. Functions about "this CPU" run on it, under the firmware. */
struct vendor {
	const unsigned char *image, *image_end;	/* the resident image for these CPUs */
	uint32_t view_bits;		/* width of the physical addresses that a view translates */
	const struct status_text *texts;	/* for statuses that occur on these CPUs only */

	/* Is this CPU one of this vendor's? */
	bool (*made_this)(void);
	/* Reads what this CPU can do and keeps it for @cpu. Changes nothing. */
	void (*read_this)(uint32_t cpu);
	/* The first thing that @cpu lacks for Subtext, as a plain sentence, or NULL. */
	const char *(*missing)(uint32_t cpu);
	/* Can two CPUs share views, bitmaps and controls? */
	bool (*alike)(uint32_t a, uint32_t b);
	/* Lets this CPU switch virtualization on, where the firmware has left that open. */
	bool (*allow_this)(void);
	/* As a guest before the seal: asks root mode for RESIDENT_CALL_UNDO or _SEAL. */
	void (*call)(uint64_t number);
};

/**
 * vendor_find - which vendor's back end is for this CPU?
 *
 * If there is none for it, the first one: its missing() says so. Boot CPU.
 */
const struct vendor *vendor_find(void);

#endif
