/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory functions that the compiler and wire/ call. String instructions: there is no SSE. */
#include "patcher/wire/mem.h"

/* Eight bytes at a time, then the rest: most copies are whole pages. */
void *memcpy(void *to, const void *from, size_t n)
{
	void *d = to;
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(rest) : : "memory");
	return to;
}

void *memset(void *p, int c, size_t n)
{
	void *d = p;
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words)
			 : "a"((unsigned char)c * 0x0101010101010101ull) : "memory");
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(c) : "memory");
	return p;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *d = to;
	const unsigned char *s = from;

	if (d <= s || d >= s + n)
		return memcpy(to, from, n);
	while (n--)
		d[n] = s[n];
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}
