/* SPDX-License-Identifier: GPL-2.0-only */
/* Resets the machine. */
#ifndef VMM_RESET_H
#define VMM_RESET_H

/*
 * Resets the platform as hardware does when a CPU shuts down: reset control register,
 * then the keyboard controller. Root mode, any CPU.
 */
_Noreturn void machine_reset(void);

/* The guest's triple fault shut this CPU down: logs it, and resets the platform as chipsets do. */
_Noreturn void guest_shutdown(void);

#endif
