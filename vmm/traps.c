/* SPDX-License-Identifier: GPL-2.0-only */
/* Root mode's IDT: exceptions, NMIs, and the end of a CPU that cannot go on. */
#include "vmm/traps.h"
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/smp/kick.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/session.h"
#include "vmm/uart.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"

/* As trap_common in entry.asm pushes it. */
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
		/* the guest reads the banks: it gets the exception at its next entry */
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

/*
 * An NMI in root mode is a kick or the guest's own. Either way the main path must look again
 * before the guest runs, and it may have looked already: so the coming entry exits at once. The
 * main path does not disarm that exit after its last look.
 */
void nmi_handler(void)
{
	struct cpu *c = this_cpu();

	nmi_landed(c);
	if (c->launched && !vcpu_force_exit())
		c->nmi_pending = true;
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
	uart_panic("\r\n! ", 4);
	uart_panic(buf, t.len);
	uart_panic("\r\n", 2);
	cpu_set_mode(c, CPU_PARKED);
	rendezvous_abandon(c);
	/* last: this CPU may hold the log's lock, and then it waits here for ever */
	log_line(LOG_ERROR, "%s", buf);
	for (;;)
		session_parked(c);
}
