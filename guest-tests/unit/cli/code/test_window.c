/* SPDX-License-Identifier: GPL-2.0-only */
/* Which entries can be redirected by a 5-byte jump: window_find() of the host tool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/cli/code/window.h"

#define BASE 0xffffffff81000000ull
#define NOP5 0x0f, 0x1f, 0x44, 0x00, 0x00
#define ENDBR64 0xf3, 0x0f, 0x1e, 0xfa

/* What window_find() says about these bytes: "" if they are fine. */
#define FIND(w, ...) find(w, (const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }))

static const char *find(struct entry_window *w, const uint8_t *code, size_t size)
{
	int r = window_find(code, size, BASE, w);

	assert_int_equal(r, w->why[0] ? -1 : 0);
	return r ? w->code : "";
}

static void nop_entry(void **state)
{
	static const uint8_t want[PATCH_WINDOW_MAX] = { NOP5 };
	struct entry_window w;

	(void)state;
	assert_string_equal(FIND(&w, NOP5, 0x31, 0xc0, 0xc3), "");
	assert_int_equal(w.addr, BASE);
	assert_int_equal(w.insn_len, 5);
	assert_memory_equal(w.bytes, want, sizeof(want));
}

static void after_endbr(void **state)
{
	struct entry_window w;

	(void)state;
	assert_string_equal(FIND(&w, ENDBR64, NOP5, 0xc3), "");
	assert_int_equal(w.addr, BASE + 4);
	assert_int_equal(w.bytes[0], 0x0f);
}

static void long_instruction(void **state)
{
	struct entry_window w;

	(void)state;
	/* mov rax, imm64: 10 bytes, of which the window takes 5 */
	assert_string_equal(FIND(&w, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 0xc3), "");
	assert_int_equal(w.insn_len, 10);
	assert_int_equal(w.bytes[4], 3);
	assert_int_equal(w.bytes[5], 0);
}

static void spans(void **state)
{
	struct entry_window w;

	(void)state;
	/* push rbp; mov rbp, rsp; ... */
	assert_string_equal(FIND(&w, 0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0, 0xc3), "window-spans");
	assert_non_null(strstr(w.why, "spans 3 instructions"));
	/* a 4-byte instruction is one byte short */
	assert_string_equal(FIND(&w, 0x48, 0x83, 0xec, 0x08, 0xc3), "window-spans");
	assert_non_null(strstr(w.why, "spans 2 instructions"));
}

static void too_short(void **state)
{
	struct entry_window w;

	(void)state;
	assert_string_equal(FIND(&w, 0x31, 0xc0, 0xc3), "too-short");
	assert_string_equal(FIND(&w, ENDBR64, 0x31, 0xc0, 0xc3), "too-short");
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0), "too-short");
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0), "");
}

static void jump_into(void **state)
{
	struct entry_window w;

	(void)state;
	/* mov eax, 1; jmp to each byte of it */
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xeb, 0xfa, 0xc3), "jump-into-window");
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xeb, 0xfd, 0xc3), "jump-into-window");
	/* behind it: fine */
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xeb, 0xfe, 0xc3), "");
	/* conditional, long form, call, loop */
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0x74, 0xfa, 0xc3), "jump-into-window");
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0x0f, 0x84, 0xf7, 0xff, 0xff, 0xff, 0xc3),
			    "jump-into-window");
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xe8, 0xf7, 0xff, 0xff, 0xff, 0xc3),
			    "jump-into-window");
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xe2, 0xfb, 0xc3), "jump-into-window");
}

static void jump_to_entry(void **state)
{
	struct entry_window w;

	(void)state;
	/* A loop whose head is the window: its next turn would run the new function. */
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xeb, 0xf9, 0xc3), "loop-at-entry");
	/* A call of itself means the function, and so does a jump to a NOP. */
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xe8, 0xf6, 0xff, 0xff, 0xff, 0xc3), "");
	assert_string_equal(FIND(&w, NOP5, 0xeb, 0xf9, 0xc3), "");
}

static void undecodable(void **state)
{
	struct entry_window w;

	(void)state;
	assert_string_equal(FIND(&w, 0x06, 0x06, 0x06, 0x06, 0x06), "undecodable");
	assert_string_equal(FIND(&w, NOP5, 0x06, 0xc3), "undecodable");
	assert_non_null(strstr(w.why, "0xffffffff81000005"));
	/* an instruction that the function's end cuts off */
	assert_string_equal(FIND(&w, NOP5, 0xb8, 1, 2), "undecodable");
}

static void moved_part(void **state)
{
	/* a jump to 0x1000 before itself */
	static const uint8_t back[] = { 0xe9, 0xfb, 0xef, 0xff, 0xff };
	struct entry_window w;

	(void)state;
	assert_string_equal(FIND(&w, 0xb8, 1, 0, 0, 0, 0xc3), "");
	/* behind the window, to its start, into it */
	assert_int_equal(window_check_part(&w, back, sizeof(back), BASE + 0x1005), 0);
	assert_int_equal(window_check_part(&w, back, sizeof(back), BASE + 0x1000), -1);
	assert_string_equal(w.code, "loop-at-entry");
	assert_int_equal(window_check_part(&w, back, sizeof(back), BASE + 0x1001), -1);
	assert_string_equal(w.code, "jump-into-window");
	assert_int_equal(window_check_part(&w, back, sizeof(back), BASE + 0x1004), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nop_entry),
		cmocka_unit_test(after_endbr),
		cmocka_unit_test(long_instruction),
		cmocka_unit_test(spans),
		cmocka_unit_test(too_short),
		cmocka_unit_test(jump_into),
		cmocka_unit_test(jump_to_entry),
		cmocka_unit_test(undecodable),
		cmocka_unit_test(moved_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
