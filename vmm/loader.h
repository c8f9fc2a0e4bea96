/* SPDX-License-Identifier: GPL-2.0-only */
/* The loader's calls into the resident image, and the loop in which each CPU ends up. */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/**
 * loader_call - carry out a call of the guest's, with @number in RAX
 * Until the loader has sealed root mode, it may ask for the seal (true: done) or for its CPU back
 * (then this does not return). False for any other number, and always once sealed. Root mode, in
 * the exit of the call.
 */
bool loader_call(struct cpu *c, uint64_t number);

/* Handles one exit of the guest after the other, for ever. */
_Noreturn void cpu_loop(struct cpu *c);

#endif
