/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader says to the person at the firmware's console. */
#include <efi.h>
#include <efilib.h>
#include "boot/console.h"

#define LINE_MAX	512u

static CHAR16 reason[LINE_MAX];

static void print_line(const CHAR16 *prefix, const CHAR16 *fmt, va_list args)
{
	CHAR16 line[LINE_MAX];

	UnicodeVSPrint(line, sizeof(line), fmt, args);
	Print(L"%s%s\r\n", prefix, line);
}

void say(const CHAR16 *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(L"Subtext: ", fmt, args);
	va_end(args);
}

void say_plain(const CHAR16 *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(L"", fmt, args);
	va_end(args);
}

bool refuse(const CHAR16 *fmt, ...)
{
	va_list args;

	if (reason[0])
		return false;
	va_start(args, fmt);
	UnicodeVSPrint(reason, sizeof(reason), fmt, args);
	va_end(args);
	return false;
}

const CHAR16 *refusal(void)
{
	return reason;
}
