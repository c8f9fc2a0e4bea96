/* SPDX-License-Identifier: GPL-2.0-only */
/* A VMX instruction that failed where it cannot fail. */
#include "vmm/vmx/ops.h"
#include "vmm/traps.h"

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
