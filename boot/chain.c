/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts the next boot loader. */
#include <efi.h>
#include <efilib.h>
#include "boot/chain.h"
#include "boot/console.h"
#include "boot/text.h"

static EFI_LOADED_IMAGE *loaded_image(EFI_HANDLE handle)
{
	EFI_LOADED_IMAGE *li;

	if (EFI_ERROR(BS->HandleProtocol(handle, &LoadedImageProtocol, (void **)&li)))
		return NULL;
	return li;
}

/* Writes @next as EFI wants a path: backslashes, from the root of the volume. */
static void efi_path(const char *next, CHAR16 *out, size_t max)
{
	size_t start = next[0] != '\\' && next[0] != '/';

	out[0] = L'\\';
	utf8_to_utf16(next, (uint16_t *)out + start, max - start);
	for (size_t i = 0; out[i]; i++)
		if (out[i] == L'/')
			out[i] = L'\\';
}

/* Is @path this loader itself? It must not start itself again and again. */
static bool is_self(const EFI_LOADED_IMAGE *self, CHAR16 *path)
{
	CHAR16 *own = self->FilePath ? DevicePathToStr(self->FilePath) : NULL;
	bool same = own && StriCmp(own, path) == 0;

	if (own)
		FreePool(own);
	return same;
}

static EFI_STATUS load(EFI_HANDLE image, EFI_HANDLE device, CHAR16 *path, EFI_HANDLE *out)
{
	EFI_DEVICE_PATH *dp = FileDevicePath(device, path);
	EFI_STATUS status;

	if (!dp)
		return EFI_OUT_OF_RESOURCES;
	*out = NULL;
	status = BS->LoadImage(FALSE, image, dp, NULL, 0, out);
	FreePool(dp);
	/* With Secure Boot the image is loaded, but it must not be started. */
	if (status == EFI_SECURITY_VIOLATION && *out)
		BS->UnloadImage(*out);
	return status;
}

/* The options must stay where they are while the next loader runs. */
static bool give_options(EFI_HANDLE next, const struct conf *conf)
{
	static CHAR16 options[CONF_OPTIONS_MAX];
	EFI_LOADED_IMAGE *li = loaded_image(next);
	size_t len;

	if (!li)
		return false;
	len = utf8_to_utf16(conf->options, (uint16_t *)options, CONF_OPTIONS_MAX);
	li->LoadOptions = len ? options : NULL;
	li->LoadOptionsSize = len ? (UINT32)((len + 1) * sizeof(CHAR16)) : 0;
	return true;
}

static EFI_STATUS start(EFI_HANDLE next, const CHAR16 *path)
{
	UINTN size = 0;
	CHAR16 *data = NULL;
	EFI_STATUS status = BS->StartImage(next, &size, &data);

	if (EFI_ERROR(status))
		say(L"the next loader %s returned to Subtext (%r)", path, status);
	else
		say(L"the next loader %s has ended", path);
	if (data)
		BS->FreePool(data);
	return status;
}

EFI_STATUS chain_next(const struct conf *conf, EFI_HANDLE image)
{
	EFI_LOADED_IMAGE *self = loaded_image(image);
	CHAR16 path[CONF_PATH_MAX + 1];
	EFI_HANDLE next;
	EFI_STATUS status;

	if (!conf->next[0]) {
		say(L"no next loader named; the firmware goes on in its boot order");
		return EFI_NOT_FOUND;
	}
	efi_path(conf->next, path, CONF_PATH_MAX + 1);
	if (!self || !self->DeviceHandle) {
		say(L"the next loader %s cannot be found: Subtext was not loaded from a volume", path);
		return EFI_NOT_FOUND;
	}
	if (is_self(self, path)) {
		say(L"the next loader %s is Subtext itself; not started", path);
		return EFI_INVALID_PARAMETER;
	}
	status = load(image, self->DeviceHandle, path, &next);
	if (status == EFI_NOT_FOUND)
		say(L"the next loader %s is not on this volume", path);
	else if (EFI_ERROR(status))
		say(L"the next loader %s cannot be loaded (%r)", path, status);
	if (EFI_ERROR(status))
		return status;
	if (!give_options(next, conf)) {
		say(L"the next loader %s cannot be given its options", path);
		BS->UnloadImage(next);
		return EFI_UNSUPPORTED;
	}
	return start(next, path);
}
