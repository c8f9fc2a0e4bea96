/* SPDX-License-Identifier: GPL-2.0-only */
/* Events into the guest: every first event against every second exception, by the SDM's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/vmx/vectoring.h"

static bool in(const int *list, int v)
{
	for (; *list >= 0; list++)
		if (*list == v)
			return true;
	return false;
}

/* SDM 3A, table "Interrupt and Exception Classes" and the chapter's error-code column */
static const int contributory[] = { 0, 10, 11, 12, 13, 21, -1 };
static const int page_faults[] = { 14, 20, -1 };
static const int with_error[] = { 8, 10, 11, 12, 13, 14, 17, 21, -1 };

enum what { NEW, DF, SHUTDOWN };

/* The SDM's prose, not the table of the code under test */
static enum what expected(uint32_t first_type, int first, int second)
{
	bool bad_second = in(contributory, second) || in(page_faults, second);

	if (first_type != EVENT_HW_EXCEPTION)
		return NEW;
	if (first == 8 && (bad_second || second == 8))
		return SHUTDOWN;
	if (in(contributory, first) && in(contributory, second))
		return DF;
	if (in(page_faults, first) && bad_second)
		return DF;
	return NEW;
}

static struct event first_event(uint32_t type, int vector)
{
	struct event e = { .info = EVENT_VALID | type | (uint32_t)vector };

	if (type == EVENT_HW_EXCEPTION && in(with_error, vector)) {
		e.info |= EVENT_HAS_ERROR;
		e.error = 0x12;
	}
	if (type == EVENT_SW_INTERRUPT || type == EVENT_PRIV_SW_EXCEPTION ||
	    type == EVENT_SW_EXCEPTION)
		e.insn_len = 2;
	return e;
}

static void check_pair(uint32_t type, int vector, int second)
{
	bool error = in(with_error, second), keep = !(vector & 1);
	struct event e = event_merge(first_event(type, vector), second, error, 0x34, &keep);
	uint32_t new_info = EVENT_VALID | EVENT_HW_EXCEPTION | (uint32_t)second |
		(error ? EVENT_HAS_ERROR : 0);

	switch (expected(type, vector, second)) {
	case NEW:
		assert_int_equal(e.info, new_info);
		assert_int_equal(e.error, error ? 0x34 : 0);
		break;
	case DF:
		assert_int_equal(e.info, 0x80000b08);
		assert_int_equal(e.error, 0);
		break;
	case SHUTDOWN:
		assert_int_equal(e.info, VECTORING_TRIPLE_FAULT);
		break;
	}
	if (e.info != VECTORING_TRIPLE_FAULT)
		assert_int_equal(e.insn_len, 0);
	assert_int_equal(keep, type == EVENT_EXTERNAL || type == EVENT_NMI);
}

static void every_exception_on_every_exception(void **state)
{
	(void)state;
	for (int first = 0; first < 32; first++)
		for (int second = 0; second < 32; second++)
			check_pair(EVENT_HW_EXCEPTION, first, second);
}

/* Vectors 8, 13 and 14 of these types are no #DF, #GP and #PF. */
static void every_exception_on_other_events(void **state)
{
	(void)state;
	for (int second = 0; second < 32; second++) {
		for (int vector = 0; vector < 256; vector++) {
			check_pair(EVENT_EXTERNAL, vector, second);
			check_pair(EVENT_SW_INTERRUPT, vector, second);
		}
		check_pair(EVENT_NMI, 2, second);
		check_pair(EVENT_PRIV_SW_EXCEPTION, 1, second);
		check_pair(EVENT_SW_EXCEPTION, 3, second);
		check_pair(EVENT_SW_EXCEPTION, 4, second);
	}
}

static void nothing_interrupted(void **state)
{
	(void)state;
	for (int second = 0; second < 32; second++) {
		/* Without the valid bit the rest means nothing. */
		const uint32_t infos[] = { 0, EVENT_NMI | 2, EVENT_HW_EXCEPTION | 8 };

		for (unsigned int i = 0; i < 3; i++) {
			struct event none = { .info = infos[i] };
			bool keep = true;
			struct event e = event_merge(none, second, false, 7, &keep);

			assert_int_equal(e.info, 0x80000300u | (uint32_t)second);
			assert_int_equal(e.error, 0);
			assert_false(keep);
		}
	}
}

static void error_codes_by_vector(void **state)
{
	(void)state;
	for (int v = 0; v < 256; v++)
		assert_int_equal(exception_has_error(v), in(with_error, v));
}

static void literal_examples(void **state)
{
	struct event none = { 0, 0, 0 }, e;
	bool keep;

	(void)state;
	/* #PF in the delivery of #GP(0): serial */
	e = event_merge(event_from_vectoring(0x80000b0d, 0, 0), 14, true, 2, &keep);
	assert_int_equal(e.info, 0x80000b0e);
	assert_int_equal(e.error, 2);
	/* #GP in the delivery of #PF: #DF */
	e = event_merge(event_from_vectoring(0x80000b0e, 2, 0), 13, true, 0x10, &keep);
	assert_int_equal(e.info, 0x80000b08);
	/* ... and #NP in that of the #DF: shutdown */
	e = event_merge(e, 11, true, 0x40, &keep);
	assert_int_equal(e.info, VECTORING_TRIPLE_FAULT);
	/* A #PF in the delivery of a timer interrupt: the page fault now, the timer later */
	e = event_merge(event_from_vectoring(0x800000ef, 0, 0), 14, true, 0, &keep);
	assert_int_equal(e.info, 0x80000b0e);
	assert_true(keep);
	/* INT 0x80 with a bad gate: INT runs again by itself */
	e = event_merge(event_from_vectoring(0x80000480, 0, 2), 13, true, 0x402, &keep);
	assert_int_equal(e.info, 0x80000b0d);
	assert_int_equal(e.error, 0x402);
	assert_int_equal(e.insn_len, 0);
	assert_false(keep);
	e = event_merge(none, 6, false, 0, &keep);
	assert_int_equal(e.info, 0x80000306);
}

/* What VM entry demands of the three fields: SDM 3C "VM-Entry Control Fields" checks */
static bool entry_takes(struct event e)
{
	uint32_t type = e.info & EVENT_TYPE_MASK;
	int vector = e.info & 0xff;
	bool software = type == EVENT_SW_INTERRUPT || type == EVENT_PRIV_SW_EXCEPTION ||
		type == EVENT_SW_EXCEPTION;

	if (!(e.info & EVENT_VALID))
		return !e.info;
	if (e.info & 0x7ffff000 || type == 1u << 8 || type == 7u << 8)
		return false;
	if (type == EVENT_NMI && vector != 2)
		return false;
	if (type == EVENT_HW_EXCEPTION && vector > 31)
		return false;
	if (e.info & EVENT_HAS_ERROR && (type != EVENT_HW_EXCEPTION || !in(with_error, vector)))
		return false;
	return !software || (e.insn_len >= 1 && e.insn_len <= 15);
}

static void reinjection_passes_entry_checks(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 8; type++) {
		for (uint32_t vector = 0; vector < 256; vector++) {
			uint32_t t = type << 8;
			bool possible = t == EVENT_EXTERNAL || t == EVENT_SW_INTERRUPT ||
				(t == EVENT_NMI && vector == 2) || (vector < 32 &&
				(t == EVENT_HW_EXCEPTION || t == EVENT_PRIV_SW_EXCEPTION ||
				 t == EVENT_SW_EXCEPTION));
			bool error = t == EVENT_HW_EXCEPTION && in(with_error, vector);
			/* Bit 12 is undefined, bits 30:13 we do not trust. */
			uint32_t info = EVENT_VALID | 0x7ffff000 | t | vector |
				(error ? EVENT_HAS_ERROR : 0);
			struct event e = event_from_vectoring(info, 0x56, 3);

			if (type == 1 || type == 7) {
				assert_int_equal(e.info, 0);
				continue;
			}
			if (!possible)
				continue;
			assert_true(entry_takes(e));
			assert_int_equal(e.info & 0x7ff, t | vector);
			assert_int_equal(e.error, error ? 0x56 : 0);
			assert_int_equal(!!(e.info & EVENT_HAS_ERROR), error);
			assert_int_equal(e.insn_len, type >= 4 ? 3 : 0);
		}
	}
}

static void reinjection_drops_what_is_not_there(void **state)
{
	struct event e;

	(void)state;
	/* Not valid: all other bits are noise. */
	e = event_from_vectoring(0x7fffffff, 0x77, 5);
	assert_int_equal(e.info, 0);
	assert_int_equal(e.error, 0);
	assert_int_equal(e.insn_len, 0);
	/* An error code on an interrupt cannot be; entry would fail with it. */
	e = event_from_vectoring(0x80000830, 0x77, 5);
	assert_int_equal(e.info, 0x80000030);
	assert_int_equal(e.error, 0);
	/* A #PF in real mode has none. */
	e = event_from_vectoring(0x8000030d, 0x77, 5);
	assert_int_equal(e.info, 0x8000030d);
	assert_int_equal(e.error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exception_on_every_exception),
		cmocka_unit_test(every_exception_on_other_events),
		cmocka_unit_test(nothing_interrupted),
		cmocka_unit_test(error_codes_by_vector),
		cmocka_unit_test(literal_examples),
		cmocka_unit_test(reinjection_passes_entry_checks),
		cmocka_unit_test(reinjection_drops_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
