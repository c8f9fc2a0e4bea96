/* SPDX-License-Identifier: GPL-2.0-only */
/* COM1: lines out, command lines in (console.c). */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdbool.h>

#define COM1	0x3f8u
#define COM2	0x2f8u

/* 115200 8N1; no interrupts yet. */
void console_init(void);

/* One whole line (or more), never mixed with another CPU's. Threads only, interrupts may be on. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same past all locks, for a machine that is about to stop. */
void print_anyhow(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A TAP result: "ok N - text" or "not ok N - text # why". @why is NULL or "" for success. */
void tap(const char *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Waits, bounded, until COM1 has sent all it holds: the emulators lose the rest at power-off. */
void console_drain(void);

/* Interrupt handler: moves received bytes into the ring. */
void console_interrupt(void);

/* True if console_get() has something. */
bool console_waiting(void);

/* Next received byte, or -1. */
int console_get(void);

#endif
