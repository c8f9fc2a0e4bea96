/* SPDX-License-Identifier: GPL-2.0-only */
/* For the EFI programs of the tests that come before Subtext. Include after <efilib.h>. */
#ifndef BOOT_TESTS_START_SUBTEXT_H
#define BOOT_TESTS_START_SUBTEXT_H

/* Starts \EFI\subtext\subtext.efi of the volume that @image came from; returns when that does. */
static EFI_STATUS start_subtext(EFI_HANDLE image)
{
	EFI_LOADED_IMAGE *self;
	EFI_DEVICE_PATH *path;
	EFI_HANDLE next;
	EFI_STATUS status;

	BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&self);
	path = FileDevicePath(self->DeviceHandle, L"\\EFI\\subtext\\subtext.efi");
	status = BS->LoadImage(FALSE, image, path, NULL, 0, &next);
	return EFI_ERROR(status) ? status : BS->StartImage(next, NULL, NULL);
}

#endif
