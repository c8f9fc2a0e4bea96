/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario 6 in parts; each prints TAP results and leaves the CPU as it was. */
#ifndef GUEST_PRIVILEGED_H
#define GUEST_PRIVILEGED_H

/* steps.c: TF and interrupt shadows around instructions that exit. */
void privileged_steps(void);
/* ports.c: the hypervisor's UART, string I/O across pages. */
void privileged_ports(void);
/* hidden.c: memory of the hypervisor. */
void privileged_memory(void);

#endif
