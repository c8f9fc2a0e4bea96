/* SPDX-License-Identifier: GPL-2.0-only */
/* The volume the loader was loaded from, and subtext.conf on it. */
#include <efi.h>
#include <efilib.h>
#include "boot/console.h"
#include "boot/text.h"
#include "boot/volume.h"

#define CONF_SIZE_MAX		(64u * 1024)
#define COMPLAINTS_MAX		20u
#define SHOWN_MAX		60u

/* Reads at most @size bytes; @size becomes what was read. */
static EFI_STATUS read_file(EFI_HANDLE device, CHAR16 *path, char *buffer, UINTN *size)
{
	EFI_FILE_HANDLE root, file;
	EFI_STATUS status;

	root = device ? LibOpenRoot(device) : NULL;
	if (!root)
		return EFI_NO_MEDIA;
	status = root->Open(root, &file, path, EFI_FILE_MODE_READ, 0);
	if (!EFI_ERROR(status)) {
		status = file->Read(file, size, buffer);
		file->Close(file);
	}
	root->Close(root);
	return status;
}

/* The line as it can be printed: cut, and without control characters. */
static void printable(const char *text, size_t len, CHAR16 *out, size_t max)
{
	char copy[SHOWN_MAX + 1];
	size_t i;

	for (i = 0; i < len && i < SHOWN_MAX; i++)
		copy[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	copy[i] = 0;
	utf8_to_utf16(copy, (uint16_t *)out, max);
}

static void complain(void *ctx, unsigned int line, const char *what, const char *text, size_t len)
{
	unsigned int *complaints = ctx;
	CHAR16 shown[SHOWN_MAX + 1];

	if (++*complaints > COMPLAINTS_MAX)
		return;
	printable(text, len, shown, SHOWN_MAX + 1);
	say(L"subtext.conf line %d ignored: %a: %s", line, what, shown);
}

void volume_read_conf(EFI_HANDLE device, struct conf *out)
{
	/* One byte more than allowed: if it is filled, the file is too long. */
	UINTN size = CONF_SIZE_MAX + 1;
	char *text = AllocatePool(size);
	EFI_STATUS status = text ? read_file(device, CONF_PATH, text, &size) : EFI_OUT_OF_RESOURCES;
	unsigned int complaints = 0;

	conf_defaults(out);
	if (status == EFI_NOT_FOUND)
		say(L"no %s on this volume; using defaults", CONF_PATH);
	else if (EFI_ERROR(status))
		say(L"%s cannot be read (%r); using defaults", CONF_PATH, status);
	else if (size > CONF_SIZE_MAX)
		say(L"%s is larger than 64 KiB; using defaults", CONF_PATH);
	else
		conf_parse(text, size, out, complain, &complaints);
	if (complaints > COMPLAINTS_MAX)
		say(L"%d more lines of subtext.conf ignored", complaints - COMPLAINTS_MAX);
	if (text)
		FreePool(text);
}
