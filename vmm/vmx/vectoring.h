/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events on their way into the guest: what an exit interrupted, and what comes
 * on top of it. Pure logic: SDM 3C "Information for VM Exits That Occur During
 * Event Delivery", SDM 3A table "Conditions for Generating a Double Fault".
 */
#ifndef VMX_VECTORING_H
#define VMX_VECTORING_H

#include <stdbool.h>
#include <stdint.h>

/* VM-entry interruption-information format (the IDT-vectoring format but for bit 12). */
#define EVENT_VECTOR_MASK	0xffu
#define EVENT_TYPE_MASK		0x700u
#define EVENT_EXTERNAL		(0u << 8)
#define EVENT_NMI		(2u << 8)
#define EVENT_HW_EXCEPTION	(3u << 8)
#define EVENT_SW_INTERRUPT	(4u << 8)
#define EVENT_PRIV_SW_EXCEPTION	(5u << 8)
#define EVENT_SW_EXCEPTION	(6u << 8)
#define EVENT_HAS_ERROR		(1u << 11)
#define EVENT_VALID		(1u << 31)

struct event {
	uint32_t info;		/* 0 if there is none */
	uint32_t error;		/* meaningful with EVENT_HAS_ERROR */
	uint32_t insn_len;	/* for software events, 1 ... 15 */
};

#define VECTORING_TRIPLE_FAULT	0xffffffffu

/**
 * event_from_vectoring - the event to inject again after an exit during delivery
 * @idt_info, @idt_error, @insn_len: fields of the VMCS at the exit
 *
 * Clears what VM entry must not see (bit 12 and the reserved bits), drops the
 * error code and the length where there is none. Returns an event with info 0
 * if none was pending. An NMI can only be injected again once blocking by NMI
 * has been cleared, which is the caller's part. Any context, no locks.
 */
struct event event_from_vectoring(uint32_t idt_info, uint32_t idt_error, uint32_t insn_len);

/**
 * event_merge - one exception on top of an event that was being delivered
 * @first: the interrupted event, info may be 0
 * @vector, @has_error, @error: the new hardware exception
 * @keep: set if @first has to be delivered later, clear if it is dealt with
 *
 * Returns the event to inject now: #DF where the two make one, info ==
 * VECTORING_TRIPLE_FAULT (shutdown) on a third, else the new exception ("handled
 * serially"). SDM 3C "Reflecting Exceptions to Guest Software" asks for just
 * this, and is silent on what becomes of @first where the two are serial. A
 * software event or a fault comes again when its instruction runs again, so it
 * is dropped. An external interrupt has left the local APIC's IRR and an NMI its
 * latch: nothing would raise them again, so they are kept, as KVM keeps them.
 * The caller delivers a kept interrupt at the next point where the guest takes
 * interrupts (entry fails with RFLAGS.IF clear), a kept NMI from an NMI window
 * after clearing blocking by NMI.
 *
 * With the guest in real mode the caller clears EVENT_HAS_ERROR. Any context, no locks.
 */
struct event event_merge(struct event first, uint8_t vector, bool has_error, uint32_t error,
			 bool *keep);

/* True if hardware pushes an error code for this exception in protected mode. */
bool exception_has_error(uint8_t vector);

#endif
