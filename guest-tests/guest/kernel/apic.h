/* SPDX-License-Identifier: GPL-2.0-only */
/* Local APIC, I/O APIC, time (apic.c). */
#ifndef GUEST_APIC_H
#define GUEST_APIC_H

#include <stdbool.h>
#include <stdint.h>

#define ICR_FIXED	0x000u
#define ICR_NMI		0x400u
#define ICR_INIT	0x500u
#define ICR_STARTUP	0x600u
#define ICR_ASSERT	0x4000u

/* Boot CPU only: PIC off, COM1's line to this CPU, TSC and timer measured against the PIT. */
void apic_init_machine(void);

/* This CPU's local APIC and its timer at TICK_HZ. */
#define TICK_HZ		1000u
void apic_init(void);
void apic_timer(bool on);
void apic_eoi(void);
uint32_t apic_id(void);
/* In x2APIC mode? */
bool apic_is_x2(void);

/* Sends one interrupt command to @id; waits, bounded, until it has left. */
void apic_send(uint32_t id, uint32_t command);

extern uint64_t tsc_hz;

/* Spins for @us microseconds of TSC time. */
void delay_us(uint64_t us);

#endif
