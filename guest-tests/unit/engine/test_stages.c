/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of stages: the same in docs/how-it-works.md, and kept by the engine. */
#include <stdio.h>
#include "patcher/engine/state.h"
#include "guest-tests/unit/engine/test_engine_util.h"

/* ---- the table ---- */

static bool documented[STAGES][STAGES];
static unsigned int rows;

static enum stage stage_of(const char *name)
{
	for (unsigned int s = 0; s < STAGES; s++)
		if (!strcmp(stage_name(s), name))
			return s;
	fail_msg("docs/how-it-works.md has a stage %s", name);
	return STAGES;
}

/* The moves in the table of section "Stages". */
static void read_docs(void)
{
	char line[400], from[20], to[20];
	FILE *f = fopen(DOCS "/how-it-works.md", "r");
	bool here = false;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			here = !strcmp(line, "## Stages\n");
		if (!here || sscanf(line, "| %*[a-z] | `%19[a-z]` | `%19[a-z]` |", from, to) != 2)
			continue;
		assert_false(documented[stage_of(from)][stage_of(to)]);
		documented[stage_of(from)][stage_of(to)] = true;
		rows++;
	}
	fclose(f);
}

static void docs_have_the_same_table(void **state)
{
	unsigned int moves = 0;

	(void)state;
	read_docs();
	for (unsigned int from = 0; from < STAGES; from++) {
		for (unsigned int to = 0; to < STAGES; to++) {
			moves += stage_may(from, to);
			if (stage_may(from, to) != documented[from][to])
				fail_msg("%s -> %s: %s", stage_name(from), stage_name(to),
					 documented[from][to] ? "only in docs" : "not in docs");
		}
	}
	assert_int_equal(moves, rows);
	assert_in_range(moves, 20, 40);
}

/* Patch, transaction and annex do not mix; the names differ; other numbers are no stages. */
static void three_kinds_of_stages(void **state)
{
	static const enum stage first[] = { PATCH_GONE, TXN_IDLE, ANNEX_NONE, STAGES };
	unsigned int kind[STAGES + 1], n = 0;

	(void)state;
	for (unsigned int s = 0; s < STAGES; s++) {
		n += s == first[n + 1];
		kind[s] = n;
	}
	for (unsigned int from = 0; from < STAGES; from++) {
		for (unsigned int to = 0; to < STAGES; to++) {
			assert_true(!stage_may(from, to) || (kind[from] == kind[to] && from != to));
			assert_true(from == to || strcmp(stage_name(from), stage_name(to)));
		}
		assert_false(stage_may(from, STAGES));
		assert_false(stage_may(from, 32 + from));
		assert_false(stage_may(STAGES, from));
	}
	assert_string_equal(stage_name(STAGES), "unknown");
}

/* Every pair: a move that the table has not changes nothing and is an event. */
static void moves_are_checked(void **state)
{
	struct event_text event;
	char want[64];

	(void)state;
	for (unsigned int from = 0; from < STAGES; from++) {
		for (unsigned int to = 0; to < STAGES; to++) {
			enum stage s = from;

			assert_int_equal(stage_move(&s, to), stage_may(from, to));
			assert_int_equal(s, stage_may(from, to) ? to : from);
			assert_int_equal(engine_next_event(&event), !stage_may(from, to));
			snprintf(want, sizeof(want), "bug from=%s to=%s", stage_name(from), stage_name(to));
			if (!stage_may(from, to))
				assert_string_equal(event.text, want);
		}
	}
}

/* ---- the engine ---- */

static struct file *patch(uint8_t id)
{
	struct file *f = file_begin(id);

	file_site(f, TEXT(0x3000 + 16 * id));
	file_payload(f, 5000, 10, 100);
	file_end(f);
	return f;
}

/* Polls until the phase is @name. */
static void poll_to(const char *name)
{
	unsigned int done, of;

	while (strcmp(engine_phase(&done, &of), name))
		assert_int_equal(engine_poll(&result, &refused), ENGINE_MORE);
}

/* Whatever stage a patch has before the phase @phase, other than the right one: refused. */
static void in_the_wrong_stage(const char *phase, enum stage right, enum stage also)
{
	for (enum stage wrong = PATCH_GONE; wrong <= PATCH_REVERTED; wrong++) {
		struct file *f = patch(1);
		struct state before;

		if (wrong == right || wrong == also)
			continue;
		state_take(&before);
		assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
		/* So that each poll is one unit of work. */
		fake.tick = machine_tsc_hz();
		poll_to(phase);
		assert_int_equal(eng.txn.held->stage, right);
		drop_events();
		eng.txn.held->stage = wrong;
		poll_to("undo");
		assert_int_equal(eng.txn.held->stage, wrong);
		eng.txn.held->stage = right;
		fake.tick = 1000;
		assert_int_equal(run(), ENGINE_REFUSED);
		assert_int_equal(refused.code, REFUSE_STATE);
		assert_string_equal(refused.what, "internal error: the patch is in the wrong stage");
		assert_state(&before);
		assert_int_equal(fake.switches, 0);
	}
}

static void a_wrong_stage_is_refused(void **state)
{
	(void)state;
	in_the_wrong_stage("check", PATCH_RECEIVED, PATCH_REVERTED);
	in_the_wrong_stage("prepare", PATCH_VERIFIED, STAGES);
	in_the_wrong_stage("commit", PATCH_PREPARED, STAGES);
	assert_applied(patch(1));
}

/* The stages of a patch as it goes live, is reverted, and is refused when it is applied again. */
static void stages_of_a_life(void **state)
{
	static const uint8_t other[5] = { 1, 2, 3, 4, 5 };
	struct file *f = patch(1);
	struct state before;

	(void)state;
	fake.tick = machine_tsc_hz();
	assert_int_equal(eng.stage, TXN_IDLE);
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
	assert_int_equal(eng.stage, TXN_PREPARING);
	assert_int_equal(eng.held[0].stage, PATCH_RECEIVED);
	assert_int_equal(eng.held[0].place, ANNEX_NONE);
	poll_to("check");
	assert_int_equal(eng.held[0].stage, PATCH_RECEIVED);
	assert_int_equal(eng.held[0].place, ANNEX_NEW);
	assert_int_equal(eng.annex.entry, ANNEX_NEW);
	poll_to("prepare");
	assert_int_equal(eng.held[0].stage, PATCH_VERIFIED);
	poll_to("commit");
	assert_int_equal(eng.held[0].stage, PATCH_PREPARED);
	poll_to("clean");
	assert_int_equal(eng.held[0].stage, PATCH_LIVE);
	assert_int_equal(eng.held[0].place, ANNEX_KEPT);
	assert_int_equal(eng.annex.entry, ANNEX_KEPT);
	assert_int_equal(eng.stage, TXN_COMMITTED);
	assert_int_equal(run(), ENGINE_DONE);
	assert_int_equal(eng.stage, TXN_IDLE);
	assert_reverted(1);
	assert_int_equal(eng.held[0].stage, PATCH_REVERTED);
	state_take(&before);
	assert_int_equal(engine_apply_held(file_id(1), &refused), ENGINE_MORE);
	poll_to("commit");
	assert_int_equal(eng.held[0].stage, PATCH_PREPARED);
	assert_true(engine_abort(&refused));
	assert_int_equal(eng.stage, TXN_UNDOING);
	assert_int_equal(run(), ENGINE_REFUSED);
	assert_state(&before);
	fake_store(0, RUNS_AT(TEXT(0x3010)), other, 5);
	assert_int_equal(apply_held(1), ENGINE_REFUSED);
	assert_int_equal(eng.held[0].stage, PATCH_REVERTED);
	assert_int_equal(eng.held[0].place, ANNEX_KEPT);
}

/* What a refusal gives back is handed out again, as often as there are refusals. */
static void refusals_give_places_back(void **state)
{
	uint64_t annex;

	(void)state;
	assert_applied(patch(1));
	annex = result.annex;
	for (unsigned int i = 0; i < 600; i++) {
		struct file *f = file_begin(2);

		file_site(f, TEXT(0x6000));
		file_payload(f, 5000, 10, 8192);
		f->sites[0].expect[4] = 0x99;
		file_end(f);
		assert_int_equal(apply(f), ENGINE_REFUSED);
		assert_int_equal(refused.code, REFUSE_BYTES);
		assert_int_equal(ranges_free(&eng.annex.ranges), 512 - 3);
	}
	assert_int_equal(engine_page(FAKE_ANNEX + 2 * PAGE_SIZE), ENGINE_PAGE_ANNEX_FREE);
	assert_int_equal(engine_page(FAKE_ANNEX + 510 * PAGE_SIZE), ENGINE_PAGE_ANNEX_FREE);
	assert_applied(patch(3));
	assert_int_equal(result.annex, annex + 2 * PAGE_SIZE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_2, machine_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docs_have_the_same_table),
		cmocka_unit_test(three_kinds_of_stages),
		TEST(moves_are_checked),
		TEST(a_wrong_stage_is_refused),
		TEST(stages_of_a_life),
		TEST(refusals_give_places_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
