/* SPDX-License-Identifier: GPL-2.0-only */
/* Retires windows on pages that the guest uses for something else, when the guest writes there. */
#ifndef ENGINE_WATCH_H
#define ENGINE_WATCH_H

#include <stdint.h>

/**
 * watch_page - the guest wrote to this page: do the windows on it still belong there?
 * A window whose address leads to another page now, by the page tables of the CPU that wrote, is
 * out of force at once. The caller then merges. Lock held. O(parts on the page).
 */
void watch_page(uint64_t gpa);

#endif
