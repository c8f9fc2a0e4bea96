/* SPDX-License-Identifier: GPL-2.0-only */
/* A few 4 KiB mappings of the test kernel's own, for faults on purpose (paging.c). */
#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <stdint.h>

/* Two writable pages; what follows them is not mapped. */
uint8_t *paging_window(void);

/* A page that may only be read. */
const uint8_t *paging_read_only(void);

/* Makes the tables; once, before the other CPUs start. */
void paging_init(void);

#endif
