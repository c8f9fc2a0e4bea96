/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts every CPU under the hypervisor, or none. */
#ifndef BOOT_LAUNCH_H
#define BOOT_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include "vmm/boot_info.h"
#include "boot/cpus.h"

/* Why a CPU is not launched, beyond what resident_call() returns. */
enum launch_status {
	STATUS_TIMEOUT = 0x100,
	STATUS_UNKNOWN,
	STATUS_NOT_ALLOWED,	/* struct vendor's allow_this() failed */
};

enum launch_result {
	LAUNCH_ALL,	/* every CPU runs as a guest, and root mode is sealed */
	LAUNCH_NONE,	/* every CPU is as before: the memory can be given back */
	LAUNCH_LOST,	/* a CPU did not come back from root mode: the memory must stay */
};

/**
 * launch_all - INIT once, LAUNCH on each CPU, then seal
 * @entry: virtual address of resident_entry()
 *
 * Locks the firmware's switch for virtualization in the on position where the firmware left it
 * unlocked; the lock lasts until the next reset. If a CPU fails, all others leave the hypervisor
 * again and refuse() has the reason. Boot CPU, boot services up, no AP busy.
 */
enum launch_result launch_all(struct cpus *cpus, const struct boot_info *info, uint64_t entry,
			      uint64_t world_size);

#endif
