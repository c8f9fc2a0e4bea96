/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine and the guest's CPUs at the same time, each a thread, under the
 * thread sanitizer. Each CPU writes words of its own on the patched pages,
 * and executes at once what it wrote; each executes the windows all the time.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include "guest-tests/unit/engine/test_engine_util.h"

#define CPUS		3u
#define PAGES		3u
#define WORDS		(PAGES * PAGE_SIZE / 8)
#define WINDOW_WORD	100u	/* on each page: the window is in its first five bytes */
#define OTHER_WORD	300u	/* on the first page: another patch, always live */
#define ROUNDS		60u

static bool over;
static uint64_t old_word[PAGES], new_word[PAGES];
static unsigned int stores[CPUS], seen_old[CPUS], seen_new[CPUS];

static uint64_t word_gva(unsigned int i)
{
	return RUNS_AT(TEXT(0x10000)) + 8 * i;
}

/* cmocka's asserts are for the main thread only. */
static void check(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "wrong: %s\n", what);
		abort();
	}
}

/* A window is wholly the old bytes or wholly the new ones, and so are all of a patch's. */
static void execute_windows(unsigned int cpu)
{
	bool is_new = false;

	for (unsigned int p = 0; p < PAGES; p++) {
		uint64_t word = fake_fetch64(cpu, word_gva(p * 512 + WINDOW_WORD));

		check(word == old_word[p] || word == new_word[p], "a window between old and new");
		check(!p || is_new == (word == new_word[p]), "one window old, another new");
		is_new = word == new_word[p];
		check(fake_load64(cpu, word_gva(p * 512 + WINDOW_WORD)) == old_word[p],
		      "what the guest reads in a window");
	}
	(is_new ? seen_new : seen_old)[cpu]++;
}

static void *cpu_thread(void *arg)
{
	unsigned int cpu = (uintptr_t)arg, i = cpu;
	uint64_t value = cpu + 1;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		value = value * 6364136223846793005ul + 1442695040888963407ul;
		i = (i + CPUS * (1 + value % 97)) % (WORDS / CPUS * CPUS);
		if (i % 512 != WINDOW_WORD && i != OTHER_WORD) {
			fake_store64(cpu, word_gva(i), value);
			check(fake_fetch64(cpu, word_gva(i)) == value, "what a CPU executes where it wrote");
			check(fake_load64(cpu, word_gva(i)) == value, "what a CPU reads where it wrote");
			stores[cpu]++;
		}
		/* One instruction sees one view: all windows between two exits. */
		execute_windows(cpu);
		fake_exit(cpu);
	}
	fake_cpu_off(cpu);
	return NULL;
}

static void apply_other(void)
{
	struct file *f = file_begin(2);

	file_site(f, TEXT(0x10000) + 8 * OTHER_WORD);
	file_end(f);
	assert_applied(f);
}

static struct file *the_patch(void)
{
	struct file *f = file_begin(1);

	for (unsigned int p = 0; p < PAGES; p++)
		file_site(f, TEXT(0x10000) + p * PAGE_SIZE + 8 * WINDOW_WORD);
	file_end(f);
	for (unsigned int p = 0; p < PAGES; p++) {
		memcpy(&old_word[p], fake_ram(TEXT_GPA + 0x10000 + p * PAGE_SIZE + 8 * WINDOW_WORD), 8);
		new_word[p] = old_word[p];
		jump_bytes(&f->sites[p], 0, (uint8_t *)&new_word[p]);
	}
	return f;
}

/* Polls until the end; CPUs that see the result must have had a chance to run. */
static void poll_through(enum engine_status status)
{
	while (status == ENGINE_MORE) {
		status = engine_poll(&result, &refused);
		sched_yield();
	}
	assert_int_equal(status, ENGINE_DONE);
}

/* A transaction that is given up, and undone while all run. */
static void refuse_once(const struct file *f)
{
	enum engine_status status = engine_apply(f->bytes, f->len, &refused);

	assert_int_equal(status, ENGINE_MORE);
	for (unsigned int i = 0; i < 20 && status == ENGINE_MORE; i++)
		status = engine_poll(&result, &refused);
	if (status == ENGINE_MORE && engine_abort(&refused)) {
		while (status == ENGINE_MORE) {
			status = engine_poll(&result, &refused);
			sched_yield();
		}
		assert_int_equal(status, ENGINE_REFUSED);
		return;
	}
	poll_through(status);
	poll_through(engine_revert(file_id(1), &refused));
}

static void all_at_once(void **state)
{
	pthread_t thread[CPUS];
	struct file *f;

	(void)state;
	fake_start(CPUS, POOL_PAGES);
	/* So that CPUs are in the engine from the first phase to the last. */
	apply_other();
	f = the_patch();
	fake.threads = true;
	for (uintptr_t i = 0; i < CPUS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, cpu_thread, (void *)i), 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		refuse_once(f);
		poll_through(engine_apply(f->bytes, f->len, &refused));
		poll_through(engine_revert(file_id(1), &refused));
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < CPUS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (unsigned int i = 0; i < CPUS; i++) {
		assert_true(stores[i] > 0);
		assert_true(seen_old[i] > 0);
		assert_true(seen_new[i] > 0);
	}
	fake.threads = false;
	assert_reverted(2);
	assert_int_equal(engine_view(), machine_base_view());
	fake_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
