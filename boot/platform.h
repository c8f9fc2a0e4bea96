/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts about the machine that only the loader can find out, while the firmware runs. */
#ifndef BOOT_PLATFORM_H
#define BOOT_PLATFORM_H

#include <stdint.h>

/* All three: boot CPU, boot services up. */

/* Ticks of the TSC in a second; by CPUID leaf 0x15, else measured (10 ms). */
uint64_t platform_tsc_hz(void);

/* 64 random bits for the greeting on the serial line: RDRAND, the firmware's generator, or time and TSC. */
uint64_t platform_nonce(void);

/* End of the highest run of RAM that begins below @below in the EFI memory map, 0 if there is no map. */
uint64_t platform_ram_top(uint64_t below);

#endif
