/* SPDX-License-Identifier: GPL-2.0-only */
/* This CPU as the firmware has set it up. */
#ifndef BOOT_CAPTURE_H
#define BOOT_CAPTURE_H

#include "vmm/boot_info.h"

/**
 * capture_firmware - write down all that the guest needs to go on as the firmware
 * @out: all but rip, rsp and rflags, which resident_call() adds
 *
 * Any CPU, on itself, under the firmware's page tables.
 */
void capture_firmware(struct firmware_state *out);

#endif
