/* SPDX-License-Identifier: GPL-2.0-only */
/* COM1: lines out by polling, command lines in by interrupt. */
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/x86.h"

#define RING		4096u
#define TX_SPINS	2000000u
#define LINE		512u

static volatile uint8_t ring[RING];
static volatile uint32_t ring_head, ring_tail;
static struct lock print_lock;
static unsigned int tap_number;

void console_init(void)
{
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 0x80);
	outb(COM1 + 0, 1);
	outb(COM1 + 1, 0);
	outb(COM1 + 3, 0x03);
	outb(COM1 + 2, 0x07);	/* FIFOs on, empty, interrupt at the first byte */
	outb(COM1 + 4, 0x0b);	/* DTR, RTS, OUT2: interrupts reach the controller */
	outb(COM1 + 1, 0x01);
}

static void send(char c)
{
	unsigned int i;

	for (i = 0; i < TX_SPINS && !(inb(COM1 + 5) & 0x20); i++)
		pause();
	outb(COM1, (uint8_t)c);
}

static void send_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			send('\r');
		send(*s);
	}
}

void print(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	format(line, sizeof(line), fmt, ap);
	va_end(ap);
	lock_take(&print_lock);
	send_text(line);
	lock_drop(&print_lock);
}

void print_anyhow(const char *fmt, ...)
{
	char line[LINE];
	va_list ap;

	va_start(ap, fmt);
	format(line, sizeof(line), fmt, ap);
	va_end(ap);
	send_text(line);
}

void tap(const char *why, const char *fmt, ...)
{
	char text[LINE / 2];
	va_list ap;

	va_start(ap, fmt);
	format(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (why && *why)
		print("not ok %u - %s # %s\n", ++tap_number, text, why);
	else
		print("ok %u - %s\n", ++tap_number, text);
}

void console_drain(void)
{
	unsigned int i;

	for (i = 0; i < TX_SPINS && !(inb(COM1 + 5) & 0x40); i++)
		pause();
}

/* Only the boot CPU takes this interrupt, so the ring has one writer. */
void console_interrupt(void)
{
	unsigned int i;

	for (i = 0; i < 64 && (inb(COM1 + 5) & 1); i++) {
		uint8_t c = inb(COM1);

		if (ring_head - ring_tail < RING)
			ring[ring_head++ % RING] = c;
	}
	inb(COM1 + 2);
}

bool console_waiting(void)
{
	return ring_tail != ring_head;
}

int console_get(void)
{
	if (ring_tail == ring_head)
		return -1;
	return ring[ring_tail++ % RING];
}
