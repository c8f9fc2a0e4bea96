/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC, which belongs to the guest: root mode uses it to send NMIs. SDM 3A
 * chapter "Advanced Programmable Interrupt Controller".
 */
#ifndef VMM_APIC_H
#define VMM_APIC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sends an NMI to another CPU in whatever mode this CPU's APIC is. The guest's
 * destination (ICR high) is kept, the command it sent last (ICR low) is not. False
 * if the guest has switched this APIC off. Root mode.
 */
bool apic_send_nmi(uint32_t apic_id);

/* Sends an NMI to all CPUs but this one; false as above. Root mode. */
bool apic_send_nmi_to_others(void);

/*
 * Has a performance interrupt been delivered as an NMI that the guest has not handled yet?
 * Delivery masks its LVT, the handler unmasks it. Root mode, also from NMI handlers.
 */
bool apic_pmi_unhandled(void);

/* What INIT does to a local APIC (an INIT exit leaves it alone). Root mode, own CPU. */
void apic_reset(void);

#endif
