/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding the window of a function, and checking that a jump can be written into it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "patcher/cli/code/disasm.h"
#include "patcher/cli/code/window.h"
#include "patcher/wire/patch.h"

int window_refuse(struct entry_window *w, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->why, sizeof(w->why), fmt, ap);
	va_end(ap);
	w->code = code;
	return -1;
}

/* Offset of the window: behind ENDBR64, which must stay the first instruction. */
static size_t window_offset(const uint8_t *code, size_t size, uint64_t addr)
{
	struct insn i;

	return disasm_one(code, size, addr, &i) && i.kind == INSN_ENDBR ? i.len : 0;
}

/* How many instructions the window touches; 0 if they cannot be decoded. */
static unsigned int count_spanned(const uint8_t *code, size_t size, uint64_t addr)
{
	unsigned int n = 0;
	struct insn i;

	for (size_t at = 0; at < PATCH_JUMP_LEN; at += i.len, n++)
		if (!disasm_one(code + at, size - at, addr + at, &i))
			return 0;
	return n;
}

static int check_jump(struct entry_window *w, const struct insn *i, uint64_t from)
{
	const char *what = i->kind == INSN_CALL ? "call" : "jump";

	if (i->target > w->addr && i->target < w->addr + PATCH_JUMP_LEN)
		return window_refuse(w, "jump-into-window",
			      "the %s at 0x%" PRIx64 " leads into its window, to 0x%" PRIx64,
			      what, from, i->target);
	if (i->target == w->addr && i->kind == INSN_JUMP && !w->nop)
		return window_refuse(w, "loop-at-entry",
			      "the jump at 0x%" PRIx64 " leads back to its entry: a loop starts "
			      "there, and its next turn would run the new function instead", from);
	return 0;
}

int window_check_part(struct entry_window *w, const uint8_t *code, size_t size, uint64_t addr)
{
	struct insn i;

	for (size_t at = 0; at < size; at += i.len) {
		if (!disasm_one(code + at, size - at, addr + at, &i))
			return window_refuse(w, "undecodable",
				      "the instruction at 0x%" PRIx64 " cannot be decoded, so "
				      "that jumps into the window may stay unseen", addr + at);
		if ((i.kind == INSN_JUMP || i.kind == INSN_CALL) &&
		    check_jump(w, &i, addr + at))
			return -1;
	}
	return 0;
}

int window_find(const uint8_t *code, size_t size, uint64_t addr, struct entry_window *w)
{
	size_t off = window_offset(code, size, addr);
	struct insn first;
	unsigned int n;

	memset(w, 0, sizeof(*w));
	w->addr = addr + off;
	if (size < off + PATCH_JUMP_LEN)
		return window_refuse(w, "too-short", "it is %zu bytes long; a jump needs %zu", size,
			      off + PATCH_JUMP_LEN);
	memcpy(w->bytes, code + off, PATCH_JUMP_LEN);
	n = count_spanned(code + off, size - off, w->addr);
	if (n == 0 || !disasm_one(code + off, size - off, w->addr, &first))
		return window_refuse(w, "undecodable", "its entry cannot be decoded");
	w->insn_len = first.len;
	if (n > 1)
		return window_refuse(w, "window-spans",
			      "its window at 0x%" PRIx64 " spans %u instructions; Subtext "
			      "cannot yet replace an entry of more than one instruction. Functions "
			      "compiled with -pg -mfentry -mnop-mcount start with one 5-byte NOP", w->addr, n);
	w->nop = first.kind == INSN_NOP;
	return window_check_part(w, code, size, addr);
}
