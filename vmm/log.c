/* SPDX-License-Identifier: GPL-2.0-only */
/* The log ring. It holds whole lines: a new line drops as many of the oldest as it needs. */
#include "vmm/log.h"
#include "vmm/cpu.h"
#include "vmm/spin.h"
#include "vmm/x86.h"

#define RING	8192u	/* about 150 lines: a boot with 64 CPUs, or five dumps of a VM exit */
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
	text_format(&t, " %lums cpu%u: ", uptime_ms(), this_cpu()->index);
	__builtin_va_start(ap, fmt);
	text_vformat(&t, fmt, ap);
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
