/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for the engine to patch: some guest RAM with a kernel in it, CPUs
 * that each run on a view, and faults on request. It checks what the engine
 * promises the hardware: no page of a view in use is ever changed or freed.
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include "guest-tests/unit/engine/fake_pages.h"
#include "guest-tests/unit/engine/fake_views.h"
#include "patcher/engine/cpus.h"
#include "patcher/engine/guest.h"

#define FAKE_CPUS_MAX	8u
#define FAKE_RAM	(18ul << 20)
#define FAKE_ANNEX	(32ul << 20)		/* GPA and HPA */
#define FAKE_ANNEX_SIZE	(2ul << 20)
#define FAKE_HIDDEN	(16ul << 20)		/* a page of RAM that is the hypervisor's */
#define FAKE_TYPE	6u			/* memory type of the first base view */

/* The kernel as it was linked, and where it runs. */
#define LINK_TEXT	0xffffffff81000000ul	/* 2 MiB, one large page */
#define LINK_SCATTERED	0xffffffff81200000ul	/* 2 MiB of 4 KiB pages, physically in reverse */
#define FAKE_SLIDE	0x600000ul
#define LINK_ANCHOR	(LINK_TEXT + 0x1000)
#define LINK_BUILD_ID	(LINK_TEXT + 0x100)
#define FAKE_BUILD_ID	"twenty bytes, no NUL"
#define TEXT_GPA	(2ul << 20)
#define SCATTERED_GPA	(4ul << 20)
#define FAKE_MORE_TEXT	0xffffffff88000000ul	/* link-time address of what fake_more_text() maps */
#define MORE_TEXT_GPA	(6ul << 20)
#define GUEST_PDPT	0x2000ul		/* of the kernel's half */
#define GUEST_PD	0x3000ul		/* GPA of the kernel's page directory */
#define GUEST_PT	0x4000ul		/* of the scattered text */

struct fake_cpu {
	view_t view;
	uint64_t sum;		/* fake_view_sum() of the view, when the CPU took it */
	uint64_t rip;
	bool sipi;		/* waits for SIPI */
	int inside;		/* steps until it leaves for @outside; -1: never */
	uint64_t outside;
	bool step_fails;	/* machine_cpu_step() does not come back */
};

struct fake {
	struct fake_cpu cpu[FAKE_CPUS_MAX];
	unsigned int cpus;
	uint64_t anchor;
	bool threads;
	uint64_t tick;				/* what the TSC advances when it is read */
	/* faults */
	unsigned int late_times, late_cpu;	/* the next stops that fail, and by whom */
	unsigned int spread_lag;		/* calls of machine_spread_done() per CPU that takes the view */
	bool spread_stuck;			/* no CPU takes any view */
	unsigned int read_fail;			/* this machine_read() from now fails; 0: none */
	bool cas_taken;				/* the guest fills the entry just before machine_cas64() */
	/*
	 * called whenever the engine lets go of its lock, asks for the time, stops the CPUs or lets
	 * them go on: others run here
	 */
	void (*others_run)(void);
	/* what happened */
	unsigned int stops, resumes, spreads, switches, steps;
	unsigned int calls;			/* of the machine */
	unsigned int ops_stopped;		/* calls of the machine between stop and resume */
	bool stopped;
};

extern struct fake fake;

/* A new machine with @cpus CPUs and @pool_pages, and engine_init(). */
void fake_start(unsigned int cpus, size_t pool_pages);

/*
 * Asserts that no page has leaked: unless the engine is busy, what is not free is in a view, is an
 * exec page of the view in force, or belongs to a patch that is held.
 */
void fake_end(void);

/* Maps more kernel text, in large pages. */
void fake_more_text(unsigned int pages);

/* Asserts that every view a CPU runs on is as it was when it took it. */
void fake_check(void);

/* The memory type changes: machine_base_view() is another one. Old ones stay until dropped. */
void fake_new_base(unsigned int type);
void fake_drop_old_bases(void);

/* A CPU that waited for SIPI starts. */
void fake_sipi(unsigned int cpu);

/*
 * What the guest's code does. GVAs; a range must not cross a page. Asserts that the view
 * allows it or the engine knows why not.
 */
void fake_fetch(unsigned int cpu, uint64_t gva, void *buf, size_t len);
void fake_load(unsigned int cpu, uint64_t gva, void *buf, size_t len);
void fake_store(unsigned int cpu, uint64_t gva, const void *buf, size_t len);

/*
 * With fake.threads set each CPU is a thread of the test's: it does aligned words
 * only, and calls fake_exit() between any two of them, where it takes a new view or
 * stands still. fake_check() is not for this mode.
 */
void fake_exit(unsigned int cpu);
uint64_t fake_fetch64(unsigned int cpu, uint64_t gva);
uint64_t fake_load64(unsigned int cpu, uint64_t gva);
void fake_store64(unsigned int cpu, uint64_t gva, uint64_t value);
/* The CPU's thread ends: it counts as waiting for SIPI. */
void fake_cpu_off(unsigned int cpu);

/* The guest's RAM, for tests that look or cheat. */
void *fake_ram(uint64_t gpa);
/* GPA of a kernel address; asserts that it is mapped. */
uint64_t fake_gpa(uint64_t gva);

#endif
