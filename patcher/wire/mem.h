/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The five functions wire/ takes from outside. Root mode and the loader have no
 * libc and bring their own; on the host they are the libc's.
 */
#ifndef WIRE_MEM_H
#define WIRE_MEM_H

#if __STDC_HOSTED__
#include <string.h>
#else
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *p, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
#endif

#endif
