/* SPDX-License-Identifier: GPL-2.0-only */
/* Tries the ways to reset a PC, one after the other. */
#include "vmm/emulate/reset.h"
#include "vmm/log.h"
#include "vmm/traps.h"
#include "vmm/uart.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"

#define RESET_CONTROL	0xcf9u
#define KBC_COMMAND	0x64u

void machine_reset(void)
{
	for (unsigned int i = 0; i < 1000 && uart_push(); i++)
		;
	outb(RESET_CONTROL, 0x02);
	outb(RESET_CONTROL, 0x06);
	for (unsigned int i = 0; i < 100000; i++)
		cpu_relax();
	outb(KBC_COMMAND, 0xfe);
	for (unsigned int i = 0; i < 100000; i++)
		cpu_relax();
	cpu_park("the platform did not reset");
}

void guest_shutdown(void)
{
	log_line(LOG_ERROR, "triple fault of the guest, RIP 0x%lx: resetting the machine",
		 vcpu_linear_rip());
	machine_reset();
}
