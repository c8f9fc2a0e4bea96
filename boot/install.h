/* SPDX-License-Identifier: GPL-2.0-only */
/* Brings the resident image into memory of its own and starts it. */
#ifndef BOOT_INSTALL_H
#define BOOT_INSTALL_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/conf.h"
#include "boot/cpus.h"

struct installed {
	uint64_t phys, size;	/* address and size of the run of reserved memory */
};

/**
 * install - reserve memory, copy the image, make its page tables, launch all CPUs
 * @cpus: passed cpus_check()
 *
 * Returns true if Subtext runs; else refuse() has the reason and the machine
 * is as before. Boot CPU, boot services up.
 */
bool install(const struct conf *conf, struct cpus *cpus, struct installed *out);

#endif
