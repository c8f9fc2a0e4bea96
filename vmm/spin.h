/* SPDX-License-Identifier: GPL-2.0-only */
/* A spin lock between CPUs: test and test-and-set. */
#ifndef VMM_SPIN_H
#define VMM_SPIN_H

#include <stdbool.h>

struct spin {
	int taken;
};

/* Takes the lock if it is free. */
static inline bool spin_trylock(struct spin *s)
{
	return !__atomic_exchange_n(&s->taken, 1, __ATOMIC_ACQUIRE);
}

/* Not recursive, and never from an NMI handler: an NMI may land on the holder. */
static inline void spin_lock(struct spin *s)
{
	while (__atomic_exchange_n(&s->taken, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&s->taken, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
}

static inline void spin_unlock(struct spin *s)
{
	__atomic_store_n(&s->taken, 0, __ATOMIC_RELEASE);
}

#endif
