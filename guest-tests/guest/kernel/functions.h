/* SPDX-License-Identifier: GPL-2.0-only */
/* f000 ... f319 by macro; each returns its own number and the generation of its code. */
#ifndef GUEST_FUNCTIONS_H
#define GUEST_FUNCTIONS_H

#include "guest-tests/guest/kernel/targets.h"

#define EACH10(M, a, b) M(a, b, 0) M(a, b, 1) M(a, b, 2) M(a, b, 3) M(a, b, 4) \
	M(a, b, 5) M(a, b, 6) M(a, b, 7) M(a, b, 8) M(a, b, 9)
#define EACH100(M, a) EACH10(M, a, 0) EACH10(M, a, 1) EACH10(M, a, 2) EACH10(M, a, 3) \
	EACH10(M, a, 4) EACH10(M, a, 5) EACH10(M, a, 6) EACH10(M, a, 7) EACH10(M, a, 8) \
	EACH10(M, a, 9)

#endif
