/* SPDX-License-Identifier: GPL-2.0-only */
/* The log ring. Lines are whole: a new one pushes out as many of the oldest as it needs. */
#include "log.h"
#include "cpu.h"
#include "spin.h"
#include "x86.h"

#define RING	16384u
#define LINE	200u

static char ring[RING];
static uint64_t head, tail;	/* positions since boot; ring[pos % RING] */
static struct spin ring_lock;

static void put(char c)
{
	if (head - tail == RING)
		while (tail < head && ring[tail++ % RING] != '\n')
			;
	ring[head++ % RING] = c;
}

/* One conversion after '%'; returns how many characters of @f it took. */
static unsigned int convert(struct text *t, const char *f, __builtin_va_list *ap)
{
	bool is_long = *f == 'l';
	char c = f[is_long];
	uint64_t v;

	if (c == 's' && !is_long) {
		text_str(t, __builtin_va_arg(*ap, const char *));
	} else if (c == 'u' || c == 'x') {
		v = is_long ? __builtin_va_arg(*ap, unsigned long)
			    : __builtin_va_arg(*ap, unsigned int);
		if (c == 'u')
			text_dec(t, v);
		else
			text_hex(t, v, 1);
	} else {
		text_char(t, '%');
		return 1;
	}
	return 1 + is_long;
}

void text_format(struct text *t, const char *fmt, __builtin_va_list ap)
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

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char names[] = "EWID";
	char buf[LINE];
	struct text t;
	__builtin_va_list ap;

	if (level > boot_info.log_level)
		return;
	text_init(&t, buf, sizeof(buf));
	text_char(&t, names[level]);
	text_char(&t, ' ');
	text_dec(&t, (rdtsc() - boot_info.tsc_start) / (boot_info.tsc_hz / 1000 + 1));
	text_str(&t, "ms cpu");
	text_dec(&t, this_cpu()->index);
	text_str(&t, ": ");
	__builtin_va_start(ap, fmt);
	text_format(&t, fmt, ap);
	__builtin_va_end(ap);

	spin_lock(&ring_lock);
	for (size_t i = 0; i < t.len; i++)
		put(buf[i]);
	put('\n');
	spin_unlock(&ring_lock);
}

bool log_read(uint64_t *pos, struct text *line)
{
	bool found = false;

	spin_lock(&ring_lock);
	if (*pos < tail)
		*pos = tail;
	while (*pos < head) {
		char c = ring[(*pos)++ % RING];

		found = true;
		if (c == '\n')
			break;
		text_char(line, c);
	}
	spin_unlock(&ring_lock);
	return found;
}
