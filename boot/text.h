/* SPDX-License-Identifier: GPL-2.0-only */
/* UTF-8 of the configuration file into what EFI understands. Pure logic. */
#ifndef BOOT_TEXT_H
#define BOOT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/**
 * utf8_next - decode one character
 * @s: @n bytes, not NUL terminated
 * @code: the character, if the return value is not 0
 *
 * Returns the bytes it takes, 0 if @n is 0 or they are not UTF-8 (overlong
 * forms and surrogates are not; Unicode Standard, table 3-7). Any context.
 */
size_t utf8_next(const char *s, size_t n, uint32_t *code);

/**
 * utf8_to_utf16 - convert a NUL terminated string
 * @out: @max units, NUL included; cut short before a character that does not fit
 *
 * A byte that is not UTF-8 becomes U+FFFD. Returns the units written without
 * the NUL. @max must not be 0. Any context.
 */
size_t utf8_to_utf16(const char *s, uint16_t *out, size_t max);

#endif
