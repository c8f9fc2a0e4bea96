/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts every CPU under the hypervisor, or none. */
#ifndef BOOT_LAUNCH_H
#define BOOT_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include "vmm/boot_info.h"
#include "boot/cpus.h"

enum launch_result {
	LAUNCH_ALL,	/* every CPU is in VMX non-root mode, and root mode is sealed */
	LAUNCH_NONE,	/* every CPU is as before: the memory can be given back */
	LAUNCH_LOST,	/* a CPU did not come back from root mode: the memory must stay */
};

/**
 * launch_all - INIT once, LAUNCH on each CPU, then seal
 * @entry: virtual address of resident_entry()
 *
 * IA32_FEATURE_CONTROL is set and locked where it was open. If a CPU fails, all
 * others leave VMX operation and refuse() has the reason. Boot CPU, boot
 * services up, no AP busy.
 */
enum launch_result launch_all(struct cpus *cpus, const struct boot_info *info, uint64_t entry,
			      uint64_t world_size);

#endif
