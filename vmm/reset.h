/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMM_RESET_H
#define VMM_RESET_H

/* Resets the platform as hardware does when a CPU shuts down: reset control register, then the keyboard controller. */
_Noreturn void machine_reset(void);

#endif
