/* SPDX-License-Identifier: GPL-2.0-only */
/* A VMX instruction that failed where it cannot fail. */
#include "vmm/vmx/ops.h"
#include "vmm/traps.h"

void vmx_failed(const char *insn, uint64_t operand)
{
	uint64_t error;

	/* not vmread(), which comes back here if it fails */
	if (!vmread_try(VM_INSTRUCTION_ERROR, &error))
		error = 0;
	cpu_park("%s failed, operand 0x%lx, VM-instruction error %lu", insn, operand, error);
}
