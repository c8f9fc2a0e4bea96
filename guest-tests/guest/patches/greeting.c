/* SPDX-License-Identifier: GPL-2.0-only */
/* The demonstration: other words, the kernel's own counter, data of its own. */
#include <subtext.h>
#include "guest-tests/guest/kernel/targets.h"

static const char *const words[] = {
	"hello from code that came over the serial line",
	"hello from the patch, as cpu 1 says it",
};

static const char *new_greeting(unsigned int cpu)
{
	greetings_given++;
	return words[cpu == 1];
}

SUBTEXT_REPLACE(greeting, new_greeting);
