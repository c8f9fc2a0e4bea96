/* SPDX-License-Identifier: GPL-2.0-only */
/* The window: the bytes at a function's entry that become a jump. */
#ifndef CLI_CODE_WINDOW_H
#define CLI_CODE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/wire/patch.h"

#define WINDOW_WHY_MAX 256

struct entry_window {
	uint64_t addr;
	uint8_t bytes[PATCH_WINDOW_MAX];	/* PATCH_JUMP_LEN of them, then zeros */
	uint8_t insn_len;
	bool nop;		/* the instruction there does nothing */
	char why[WINDOW_WHY_MAX];	/* why it cannot become a jump; "" if it can */
	const char *code;		/* the same as a word for programs; NULL if it can */
};

/**
 * window_find - finds the window of a function, and checks it
 * @code: all of the function, @size bytes, at address @addr
 * @w: filled
 *
 * The window starts at the entry, after an ENDBR64 if there is one. It must lie
 * within one instruction (docs/how-it-works.md says why), and nothing in the function may
 * jump into it, nor to its start, unless the instruction there is a NOP.
 * Returns 0, or -1 with w->why.
 */
int window_find(const uint8_t *code, size_t size, uint64_t addr, struct entry_window *w);

/**
 * window_check_part - checks the jumps of a part of the function that lies elsewhere
 * @w: as window_find() left it when it returned 0
 * Compilers move code that seldom runs out of a function. Returns as window_find().
 */
int window_check_part(struct entry_window *w, const uint8_t *code, size_t size, uint64_t addr);

/* Sets w->code and w->why (printf style). Always -1. */
int window_refuse(struct entry_window *w, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
