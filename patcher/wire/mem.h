/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The five functions that wire/ needs of a C library. On the host libc has them;
 * root mode and the loader have no libc and define them.
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
