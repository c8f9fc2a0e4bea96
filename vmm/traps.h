/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions and NMIs that hit root mode, and the end of a CPU that cannot go on. */
#ifndef VMM_TRAPS_H
#define VMM_TRAPS_H

struct cpu;

/* Fills the IDT, once, on the boot CPU. */
void traps_init(void);
/* GDT and TSS of one CPU; before its launch. */
void traps_init_cpu(struct cpu *c);
/* Base of the IDT (32 gates). */
const void *traps_idt(void);

#define SELECTOR_CODE	0x08u
#define SELECTOR_DATA	0x10u
/*
 * After an undone launch TR keeps this selector if the firmware had none. EDK2 has
 * an unused descriptor there and leaves such a TR alone when it restores a CPU.
 */
#define SELECTOR_TSS	0x40u

/**
 * cpu_park - this CPU cannot go on: say why on the line and in the log, wait for ever
 * @fmt: see log_line(). The other CPUs and the console go on; a rendezvous counts it as stopped.
 */
_Noreturn void cpu_park(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
