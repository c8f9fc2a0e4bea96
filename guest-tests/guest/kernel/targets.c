/* SPDX-License-Identifier: GPL-2.0-only */
/* The single functions that the scenarios patch. */
#include "guest-tests/guest/kernel/targets.h"

uint64_t greetings_given;

PATCHABLE uint32_t target(uint64_t *calls)
{
	++*calls;
	return RESULT_OLD;
}

PATCHABLE const char *greeting(unsigned int cpu)
{
	(void)cpu;
	greetings_given++;
	return "hello from the kernel as it was built";
}
