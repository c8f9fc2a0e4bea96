/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings and memory for the test kernel. */
#include "guest-tests/guest/kernel/lib.h"

void *memcpy(void *to, const void *from, size_t n)
{
	void *d = to;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *d = to;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != q[i])
			return p[i] < q[i] ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

bool str_eq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

char *next_word(char **s)
{
	char *word;

	while (**s == ' ')
		(*s)++;
	word = *s;
	while (**s && **s != ' ')
		(*s)++;
	if (**s)
		*(*s)++ = '\0';
	return word;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

bool parse_number(const char *s, uint64_t *v)
{
	unsigned int base = 10;

	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (*v = 0; *s; s++) {
		int d = digit_value(*s);

		if (d >= (int)base)
			return false;
		*v = *v * base + (unsigned int)d;
	}
	return true;
}

struct out {
	char *buf;
	size_t cap, len;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->cap)
		o->buf[o->len++] = c;
}

static void put_number(struct out *o, uint64_t v, unsigned int base, unsigned int width, char fill)
{
	char digits[20];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	for (; width > n; width--)
		put(o, fill);
	while (n)
		put(o, digits[--n]);
}

static void put_string(struct out *o, const char *s, unsigned int width)
{
	size_t n = strlen(s);

	while (*s)
		put(o, *s++);
	for (; width > n; width--)
		put(o, ' ');
}

static void put_int(struct out *o, int v, unsigned int width, char fill)
{
	if (v < 0)
		put(o, '-');
	put_number(o, v < 0 ? 0u - (unsigned int)v : (unsigned int)v, 10, width, fill);
}

size_t format(char *buf, size_t cap, const char *fmt, va_list ap)
{
	struct out o = { buf, cap, 0 };

	for (; *fmt; fmt++) {
		unsigned int width = 0;
		char fill = ' ';
		bool wide = false;

		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		if (*++fmt == '0')
			fill = '0';
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (unsigned int)(*fmt - '0');
		if (*fmt == 'l') {
			wide = true;
			fmt++;
		}
		if (*fmt == 's')
			put_string(&o, va_arg(ap, const char *), width);
		else if (*fmt == 'c')
			put(&o, (char)va_arg(ap, int));
		else if (*fmt == 'd')
			put_int(&o, va_arg(ap, int), width, fill);
		else if (*fmt == 'u' || *fmt == 'x')
			put_number(&o, wide ? va_arg(ap, uint64_t) : va_arg(ap, unsigned int),
				   *fmt == 'u' ? 10 : 16, width, fill);
		else
			put(&o, *fmt);
	}
	if (cap)
		buf[o.len] = '\0';
	return o.len;
}

size_t number_text(char *to, uint64_t v)
{
	struct out o = { to, 21, 0 };

	put_number(&o, v, 10, 0, ' ');
	return o.len;
}
