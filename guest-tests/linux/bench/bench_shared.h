/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module of the bench and its program share: the layout of /proc/bench. Page 0 can be
 * mapped read-only and is struct bench_shared; page 1 + N is the one with CPU N's count of timer
 * interrupts.
 */
#ifndef BENCH_SHARED_H
#define BENCH_SHARED_H

#define BENCH_MAX_CPUS	8
#define BENCH_CHANGES	64

/* The function under test returns another value: it last returned the old one at `before`. */
struct bench_change {
	unsigned long long before;
	unsigned long long after;
	unsigned long long value;
};

/* Written by the watch on CPU 0; `changes` counts, and change N is in the N-th slot, modulo. */
struct bench_shared {
	unsigned long long changes;
	unsigned int cpus;
	unsigned int timer_offset[BENCH_MAX_CPUS];	/* in page 1 + CPU */
	struct bench_change change[BENCH_CHANGES];
};

#endif
