/* SPDX-License-Identifier: GPL-2.0-only */
/* Parks the CPU when a VMX instruction fails that must not fail. */
#include "vmm/vmx/ops.h"
#include "vmm/traps.h"

void vmx_failed(const char *insn, uint64_t operand)
{
	uint64_t error;

	/* vmread() would call vmx_failed() again if it failed */
	if (!vmread_try(VM_INSTRUCTION_ERROR, &error))
		error = 0;
	cpu_park("%s failed, operand 0x%lx, VM-instruction error %lu", insn, operand, error);
}
