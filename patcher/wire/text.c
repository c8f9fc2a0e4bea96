/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of bounded size. What does not fit is left out and sets cut; the buffer stays a string. */
#include "patcher/wire/text.h"
#include "patcher/wire/mem.h"

void text_init(struct text *t, char *buf, size_t cap)
{
	t->buf = buf;
	t->cap = cap;
	t->len = 0;
	t->cut = false;
	if (cap)
		buf[0] = '\0';
}

void text_mem(struct text *t, const char *s, size_t n)
{
	size_t room = t->cap ? t->cap - 1 - t->len : 0;

	if (n > room) {
		n = room;
		t->cut = true;
	}
	if (!n)
		return;
	memcpy(t->buf + t->len, s, n);
	t->len += n;
	t->buf[t->len] = '\0';
}

void text_char(struct text *t, char c)
{
	text_mem(t, &c, 1);
}

void text_str(struct text *t, const char *s)
{
	text_mem(t, s, strlen(s));
}

void text_number(struct text *t, uint64_t v, unsigned int base, unsigned int width)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = "0123456789abcdef"[v % base];
		v /= base;
	} while (i && (v || sizeof(digits) - i < width));
	text_mem(t, digits + i, sizeof(digits) - i);
}

static bool needs_quotes(const char *v)
{
	size_t i;

	for (i = 0; v[i]; i++)
		if (v[i] == ' ' || v[i] == '"' || v[i] == '*' || v[i] == '=')
			return true;
	return i == 0;
}

/* The value of a key, quoted if needed. */
static void text_value(struct text *t, const char *v)
{
	bool quote = needs_quotes(v);

	if (quote)
		text_char(t, '"');
	for (size_t i = 0; v[i]; i++) {
		if (v[i] == '"')
			text_char(t, '"');
		text_char(t, v[i] >= 0x20 && v[i] <= 0x7e ? v[i] : '?');
	}
	if (quote)
		text_char(t, '"');
}

static void text_bytes(struct text *t, const uint8_t *p, int n)
{
	for (int i = 0; i < n; i++)
		text_number(t, p[i], 16, 2);
}

/* One conversion, @f is what follows '%'. Returns how many characters of @f it took. */
static unsigned int convert(struct text *t, const char *f, __builtin_va_list *ap)
{
	bool is_long = *f == 'l', is_value = t->len && t->buf[t->len - 1] == '=';
	char c = f[is_long];

	if (c == 's' && !is_long) {
		(is_value ? text_value : text_str)(t, __builtin_va_arg(*ap, const char *));
	} else if (c == 'u' || c == 'x') {
		text_number(t, is_long ? __builtin_va_arg(*ap, unsigned long)
				       : __builtin_va_arg(*ap, unsigned int), c == 'u' ? 10 : 16, 1);
	} else if (c == '*' && f[1] == 'p') {
		int n = __builtin_va_arg(*ap, int);

		text_bytes(t, __builtin_va_arg(*ap, const void *), n);
		return 2;
	} else {
		text_char(t, '%');
		return 1;
	}
	return 1 + is_long;
}

void text_vformat(struct text *t, const char *fmt, __builtin_va_list ap)
{
	__builtin_va_list args;

	__builtin_va_copy(args, ap);
	while (*fmt) {
		if (*fmt == '%' && fmt[1])
			fmt += 1 + convert(t, fmt + 1, &args);
		else
			text_char(t, *fmt++);
	}
	__builtin_va_end(args);
}

void text_format(struct text *t, const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	text_vformat(t, fmt, ap);
	__builtin_va_end(ap);
}

bool text_same(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && memcmp(a, b, n) == 0;
}

/* Value of a hex digit, or 16. */
static unsigned int hex_digit(char c)
{
	char lower = c | 0x20;

	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	return lower >= 'a' && lower <= 'f' ? (unsigned int)(lower - 'a') + 10 : 16;
}

static bool parse_number(const char *s, unsigned int base, uint64_t *v)
{
	uint64_t n = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int d = hex_digit(*s);

		if (d >= base || n > (UINT64_MAX - d) / base)
			return false;
		n = n * base + d;
	}
	*v = n;
	return true;
}

bool text_parse_u64(const char *s, uint64_t *v)
{
	if (s[0] == '0' && s[1] == 'x')
		return parse_number(s + 2, 16, v);
	return parse_number(s, 10, v);
}

bool text_parse_hex(const char *s, uint64_t *v)
{
	return strlen(s) <= 16 && parse_number(s, 16, v);
}

bool text_parse_bytes(const char *s, void *p, size_t n)
{
	uint8_t *b = p;

	if (strlen(s) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned int hi = hex_digit(s[2 * i]), lo = hex_digit(s[2 * i + 1]);

		if (hi > 15 || lo > 15)
			return false;
		b[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}
