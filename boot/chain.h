/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts the next boot loader. */
#ifndef BOOT_CHAIN_H
#define BOOT_CHAIN_H

#include <efi.h>
#include "boot/conf.h"

/**
 * chain_next - start the EFI file that the configuration names
 * @image: handle of the loader itself
 *
 * Returns what efi_main() shall return: the next loader's own status, why it
 * could not be started, or EFI_NOT_FOUND if none is named. Every status but
 * EFI_SUCCESS makes the firmware go on in boot order (UEFI specification,
 * "Boot Manager Programming"). Boot CPU, boot services up.
 */
EFI_STATUS chain_next(const struct conf *conf, EFI_HANDLE image);

#endif
