/* SPDX-License-Identifier: GPL-2.0-only */
/* Into the guest and out of it. */
#ifndef VMX_RUN_H
#define VMX_RUN_H

#include <stdbool.h>

struct cpu;

/*
 * Enters the guest until its next exit. Nonzero: the VMX instruction failed, the guest
 * did not run. switch.asm
 */
int vmx_enter(struct cpu *c, bool launched);

#endif
