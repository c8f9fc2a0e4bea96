/* SPDX-License-Identifier: GPL-2.0-only */
/* Root mode's IDT: exceptions, NMIs, and what is left to do when a CPU cannot go on. */
#include "vmm/traps.h"
#include "vmm/smp/apic.h"
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/session.h"
#include "vmm/uart.h"
#include "vmm/vmx/ops.h"
#include "vmm/x86.h"

/* As trap_common in vmx/entry.asm pushes it. */
struct trap_frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};

struct extable_entry {
	uint64_t fault, fixup;
};

extern const uint8_t trap_stubs[32][16];
extern const struct extable_entry extable_start[], extable_end[];
void trap_handler(struct trap_frame *f);
void nmi_handler(void);

static struct gate idt[32];

enum { IST_NMI = 1, IST_DF, IST_MC };

void traps_init(void)
{
	for (unsigned int v = 0; v < 32; v++) {
		uint64_t at = (uint64_t)trap_stubs[v];

		idt[v] = (struct gate){
			.offset0 = (uint16_t)at,
			.selector = SELECTOR_CODE,
			.type = 0x8e,		/* present, 64-bit interrupt gate */
			.offset1 = (uint16_t)(at >> 16),
			.offset2 = (uint32_t)(at >> 32),
		};
	}
	idt[VECTOR_NMI].ist = IST_NMI;
	idt[VECTOR_DF].ist = IST_DF;
	idt[VECTOR_MC].ist = IST_MC;
}

const void *traps_idt(void)
{
	return idt;
}

void traps_init_cpu(struct cpu *c)
{
	uint64_t world = (uint64_t)c, tss = (uint64_t)&c->tss;

	c->gdt[1] = 0x00af9b000000ffffull;	/* 64-bit code */
	c->gdt[2] = 0x00cf93000000ffffull;	/* data */
	c->gdt[SELECTOR_TSS / 8] = 0x00008b0000000000ull | (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 |
		    (tss >> 24 & 0xff) << 56;
	c->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
	c->tss.ist[IST_NMI - 1] = world + WORLD_NMI_TOP * PAGE_SIZE;
	c->tss.ist[IST_DF - 1] = world + WORLD_DF_TOP * PAGE_SIZE;
	c->tss.ist[IST_MC - 1] = world + WORLD_MC_TOP * PAGE_SIZE;
	c->tss.io_map = sizeof(c->tss);
}

void trap_handler(struct trap_frame *f)
{
	if (f->vector == VECTOR_MC) {
		/* the banks are the guest's to read: it gets the exception at the next entry */
		this_cpu()->mc_pending = true;
		return;
	}
	if (f->vector == VECTOR_GP) {
		for (const struct extable_entry *e = extable_start; e < extable_end; e++) {
			if (e->fault == f->rip) {
				f->rip = e->fixup;
				return;
			}
		}
	}
	cpu_park("exception %lu in root mode: error 0x%lx rip 0x%lx rsp 0x%lx cr2 0x%lx",
		 f->vector, f->error, f->rip, f->rsp, read_cr2());
}

/* Is an NMI for the guest on its way in already, or in? */
static bool nmi_under_way(const struct cpu *c)
{
	uint32_t entry = (uint32_t)vmread(ENTRY_INTERRUPTION_INFO);

	return (vmread(GUEST_INTERRUPTIBILITY) & BLOCKING_BY_NMI) ||
	       (c->event.info & (EVENT_VALID | EVENT_TYPE_MASK)) == (EVENT_VALID | EVENT_NMI) ||
	       (entry & (EVENT_VALID | EVENT_TYPE_MASK)) == (EVENT_VALID | EVENT_NMI);
}

void nmi_landed(struct cpu *c)
{
	uint32_t sent = __atomic_load_n(&c->kick_sent, __ATOMIC_SEQ_CST);

	if (c->kick_seen == sent) {
		/* a performance NMI was taken for the kick and passed on; this is the kick */
		bool kick = c->pmi_passed && rdtsc() - c->kick_tsc < ticks_ms(1);

		c->pmi_passed = false;
		c->nmi_pending |= !kick;
		return;
	}
	__atomic_store_n(&c->kick_seen, sent, __ATOMIC_SEQ_CST);
	if (c->launched && !nmi_under_way(c) && apic_pmi_unhandled())
		c->nmi_pending = c->pmi_passed = true;
}

/*
 * An NMI in root mode is a kick or the guest's own. Either way the main path must
 * look again before the guest runs, and it may have looked already: a preemption
 * timer of zero makes the coming VM entry exit before its first instruction (SDM 3C
 * "VMX-Preemption Timer"). The main path never writes the timer after its last look.
 */
void nmi_handler(void)
{
	struct cpu *c = this_cpu();

	nmi_landed(c);
	if (c->launched && !vmwrite_try(PREEMPTION_TIMER_VALUE, 0))
		c->nmi_pending = true;
}

void vmx_failed(const char *insn, uint64_t operand)
{
	uint64_t error = 0;
	bool failed;

	/* not vmread(): that would come back here */
	__asm__ volatile("vmread %2, %0\n\tsetbe %1" : "=r"(error), "=q"(failed)
			 : "r"((uint64_t)VM_INSTRUCTION_ERROR) : "cc");
	cpu_park("%s failed, operand 0x%lx, VM-instruction error %lu", insn, operand,
		 failed ? 0 : error);
}

void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	cpu_park("stack overrun in root mode, called from 0x%lx",
		 (uint64_t)__builtin_return_address(0));
}

void cpu_park(const char *fmt, ...)
{
	struct cpu *c = this_cpu();
	char buf[240];
	struct text t;
	__builtin_va_list ap;

	text_init(&t, buf, sizeof(buf));
	text_str(&t, "CPU parked: ");
	__builtin_va_start(ap, fmt);
	text_vformat(&t, fmt, ap);
	__builtin_va_end(ap);
	/* the line first: whatever went wrong may hold the log's lock */
	uart_panic("\r\n! ", 4);
	uart_panic(buf, t.len);
	uart_panic("\r\n", 2);
	log_line(LOG_ERROR, "%s", buf);
	cpu_set_mode(c, CPU_PARKED);
	rendezvous_abandon(c);
	for (;;)
		session_parked(c);
}
