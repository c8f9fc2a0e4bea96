/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes the console's UART away from the firmware. */
#ifndef BOOT_UART_H
#define BOOT_UART_H

#include <stdint.h>
#include <efi.h>

/**
 * uart_take - make the firmware's drivers let go of a UART
 * @port: its I/O base; 0: none, nothing is done
 *
 * Firmware uses any UART it finds as a console and reads it from a timer; both
 * would go on after root mode has taken it. Returns the handle to give back,
 * NULL if the firmware does not use it. Boot CPU, boot services up.
 */
EFI_HANDLE uart_take(uint16_t port);

/* Lets the firmware have it again, if Subtext could not start. @handle may be NULL. */
void uart_give_back(EFI_HANDLE handle);

#endif
