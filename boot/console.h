/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader says to the person at the firmware's console. */
#ifndef BOOT_CONSOLE_H
#define BOOT_CONSOLE_H

#include <stdbool.h>
#include <efi.h>

/**
 * say - print "Subtext: ", the text and a line end on the firmware's console
 * @fmt: as for GNU-EFI's Print(): %s UTF-16, %a ASCII, %d 32 bits, %lx 64 bits, %r status
 *
 * Boot CPU, boot services up.
 */
void say(const CHAR16 *fmt, ...);

/* say() without the prefix. */
void say_plain(const CHAR16 *fmt, ...);

/**
 * refuse - remember why Subtext cannot start, as one plain sentence without a full stop
 * @fmt: as for say()
 *
 * Returns false, for "return refuse(...)". The first reason counts: what fails
 * while things are undone does not hide it. Boot CPU.
 */
bool refuse(const CHAR16 *fmt, ...);

/* The sentence. */
const CHAR16 *refusal(void);

#endif
