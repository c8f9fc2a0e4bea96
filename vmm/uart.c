/* SPDX-License-Identifier: GPL-2.0-only */
/* Drives the hypervisor's 16550 by polling. */
#include "vmm/uart.h"
#include "vmm/x86.h"

/* A power of two. Holds one whole line; the server keeps the next one until it fits. */
#define QUEUE		2048u

enum uart_register {
	UART_DATA = 0,
	UART_IER = 1,
	UART_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
};

#define LSR_READY	0x01u
#define LSR_OVERRUN	0x02u
#define LSR_THR_EMPTY	0x20u

static uint16_t base;
static char queue[QUEUE];
static uint32_t q_head, q_tail;		/* bytes since boot; used under the session's lock */

void uart_init(uint16_t port, uint32_t speed)
{
	uint32_t divisor = speed ? 115200 / speed : 1;

	base = port;
	if (!port)
		return;
	outb(port + UART_IER, 0);
	outb(port + UART_LCR, 0x80);
	outb(port + UART_DATA, (uint8_t)divisor);
	outb(port + UART_IER, (uint8_t)(divisor >> 8));
	outb(port + UART_LCR, 0x03);
	outb(port + UART_FCR, 0x07);
	outb(port + UART_FCR, 0x01);
	outb(port + UART_MCR, 0x03);
}

bool uart_receive(char *c, bool *overrun)
{
	uint8_t lsr;

	if (!base)
		return false;
	lsr = inb(base + UART_LSR);
	/* All ones: there is no UART at this port. */
	if (lsr == 0xff || !(lsr & LSR_READY))
		return false;
	*overrun = lsr & LSR_OVERRUN;
	*c = (char)inb(base + UART_DATA);
	return true;
}

bool uart_queue(const char *bytes, size_t len)
{
	if (!base || len > QUEUE - (q_head - q_tail))
		return false;
	for (size_t i = 0; i < len; i++)
		queue[q_head++ % QUEUE] = bytes[i];
	return true;
}

bool uart_push(void)
{
	if (q_head != q_tail && (inb(base + UART_LSR) & LSR_THR_EMPTY))
		for (unsigned int i = 0; i < UART_FIFO && q_head != q_tail; i++)
			outb(base + UART_DATA, (uint8_t)queue[q_tail++ % QUEUE]);
	return q_head != q_tail;
}

void uart_panic(const char *bytes, size_t len)
{
	if (!base)
		return;
	for (size_t i = 0; i < len; i++) {
		for (unsigned int n = 0; n < 1000000 && !(inb(base + UART_LSR) & LSR_THR_EMPTY); n++)
			cpu_relax();
		outb(base + UART_DATA, (uint8_t)bytes[i]);
	}
}
