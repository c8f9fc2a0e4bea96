/* SPDX-License-Identifier: GPL-2.0-only */
/* The volume the loader was loaded from, and subtext.conf on it. */
#ifndef BOOT_VOLUME_H
#define BOOT_VOLUME_H

#include <efi.h>
#include "boot/conf.h"

#define CONF_PATH	L"\\EFI\\subtext\\subtext.conf"

/**
 * volume_read_conf - read and parse subtext.conf; says on the console what is wrong with it
 * @device: the volume's handle, may be NULL
 *
 * @out can always be used. Boot CPU, boot services up.
 */
void volume_read_conf(EFI_HANDLE device, struct conf *out);

#endif
