/* SPDX-License-Identifier: GPL-2.0-only */
/* The hypervisor's own 16550: polled, hidden from the guest. */
#ifndef VMM_UART_H
#define VMM_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_PORTS	8u
#define UART_FIFO	16u

/* 8N1 at @speed (a divisor of 115200), FIFOs on, interrupts off. @port 0: there is no console. */
void uart_init(uint16_t port, uint32_t speed);

/* One received byte, if there is one. *overrun is set if bytes were lost before it. */
bool uart_receive(char *c, bool *overrun);

/* Queues all of @len bytes or none. */
bool uart_queue(const char *bytes, size_t len);

/* Moves queued bytes to the FIFO; true if some are left. */
bool uart_push(void);

/* Writes at once, past the queue, and waits for the UART: for the last words of a parked CPU. */
void uart_panic(const char *bytes, size_t len);

#endif
