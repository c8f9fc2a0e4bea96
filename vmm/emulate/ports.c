/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulates the console's ports as on a PC without a UART: reads give all ones, writes are ignored. */
#include "vmm/emulate/ports.h"
#include "vmm/cpu.h"
#include "vmm/uart.h"
#include "vmm/vcpu.h"

void ports_init(void)
{
	for (uint16_t i = 0; boot_info.serial_port && i < UART_PORTS; i++)
		vcpu_intercept_port(boot_info.serial_port + i);
}

void ports_access(struct cpu *c, unsigned int size, bool in, bool string)
{
	uint64_t mask = size == 4 ? 0xffffffffull : (1ull << 8 * size) - 1;

	if (string) {
		step_io(c);
		return;
	}
	/* all ones; a 32-bit result clears the upper half */
	if (in)
		c->regs[REG_RAX] = (size == 4 ? 0 : c->regs[REG_RAX] & ~mask) | mask;
	vcpu_skip();
}
