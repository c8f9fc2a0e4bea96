/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads: bound to a CPU, preempted by its timer, round robin. */
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/x86.h"

#define THREADS		6u
#define STACK_SIZE	16384u

enum thread_state { FREE, READY, EXITED };

struct thread {
	volatile enum thread_state state;
	struct frame *frame;
	thread_fn *fn;
	void *arg;
};

static struct thread threads[MAX_CPUS][THREADS];
static uint8_t stacks[MAX_CPUS][THREADS][STACK_SIZE] __attribute__((aligned(16)));
static struct lock threads_lock;

/* The boot CPU's first stack; head.asm knows its size. */
uint8_t boot_stack[16384] __attribute__((aligned(16)));

uint64_t cpu_stack_top(unsigned int cpu)
{
	return (uint64_t)(stacks[cpu][0] + STACK_SIZE);
}

void sched_init_cpu(struct cpu *c)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		threads[c->index][i].state = FREE;
	threads[c->index][0].state = READY;
	c->current = &threads[c->index][0];
}

static void thread_body(struct thread *t)
{
	t->fn(t->arg);
	t->state = EXITED;
	for (;;)
		yield();
}

static void make_frame(struct thread *t, uint8_t *stack_end)
{
	struct frame *f = (struct frame *)(stack_end - 64) - 1;

	memset(f, 0, sizeof(*f));
	f->rip = (uint64_t)thread_body;
	f->cs = SEL_CODE;
	f->ss = SEL_DATA;
	f->rflags = RFLAGS_IF | 2;
	f->rsp = (uint64_t)stack_end - 8;	/* as after a call */
	f->rdi = (uint64_t)t;
	t->frame = f;
}

bool thread_start(unsigned int cpu, thread_fn *fn, void *arg)
{
	unsigned int i;

	lock_take(&threads_lock);
	for (i = 1; i < THREADS; i++) {
		struct thread *t = &threads[cpu][i];

		if (t->state != FREE)
			continue;
		t->fn = fn;
		t->arg = arg;
		make_frame(t, stacks[cpu][i] + STACK_SIZE);
		atomic_store(&t->state, READY);
		lock_drop(&threads_lock);
		return true;
	}
	lock_drop(&threads_lock);
	return false;
}

/* A thread that has ended is freed only when its CPU is no more on its stack. */
struct frame *schedule(struct frame *f)
{
	struct cpu *c = this_cpu();
	struct thread *t = threads[c->index];
	unsigned int now = (unsigned int)(c->current - t), i;

	c->current->frame = f;
	for (i = 0; i < THREADS; i++)
		if (t[i].state == EXITED && i != now)
			t[i].state = FREE;
	for (i = 1; i <= THREADS; i++) {
		if (t[(now + i) % THREADS].state == READY) {
			c->current = &t[(now + i) % THREADS];
			break;
		}
	}
	return c->current->frame;
}

void yield(void)
{
	__asm__ volatile("int %0" : : "i"(VEC_YIELD) : "memory");
}

static bool alone(void)
{
	const struct thread *t = threads[this_cpu()->index];
	unsigned int i, n = 0;

	for (i = 0; i < THREADS; i++)
		n += t[i].state != FREE;
	return n < 2;
}

void idle(void)
{
	if (alone())
		sti_hlt();
	else
		yield();
}
