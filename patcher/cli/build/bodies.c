/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: what the kernel's own tables have about a function that is to be replaced. */
#include <inttypes.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/build/bodies.h"
#include "patcher/cli/code/disasm.h"
#include "patcher/cli/code/window.h"
#include "patcher/cli/kernel/tables.h"

/* The kernel itself writes into these instructions, or looks for them by address. */
static const enum kernel_table fixed_places[] = {
	TABLE_JUMP_LABEL, TABLE_STATIC_CALL, TABLE_ALTERNATIVE, TABLE_PARAVIRT, TABLE_RETPOLINE,
	TABLE_RETURN, TABLE_CALL, TABLE_IBT_SEAL, TABLE_CFI, TABLE_SMP_LOCK, TABLE_EXCEPTION,
	TABLE_BUG,
};

/* The kernel enters code at the targets of these. */
static const enum kernel_table entering[] = { TABLE_EXCEPTION, TABLE_JUMP_LABEL };

/* The kernel changes these at boot or later; a body has "any" in their place. */
static const enum kernel_table changing[] = {
	TABLE_JUMP_LABEL, TABLE_STATIC_CALL, TABLE_ALTERNATIVE, TABLE_PARAVIRT, TABLE_RETPOLINE,
	TABLE_RETURN, TABLE_CALL, TABLE_IBT_SEAL, TABLE_CFI, TABLE_SMP_LOCK,
};

bool tables_traced(const struct kernel_tables *t, uint64_t addr)
{
	const struct table_entry *e = kernel_table_touching(t, TABLE_FTRACE, addr, addr + 1);

	return e && e->addr == addr;
}

bool tables_no_probes(const struct kernel_tables *t, uint64_t from, uint64_t size)
{
	return kernel_table_touching(t, TABLE_KPROBE_BLACKLIST, from, from + size);
}

int tables_check_window(const struct kernel_tables *t, struct entry_window *w)
{
	uint64_t end = w->addr + PATCH_JUMP_LEN;
	const struct table_entry *e;

	for (size_t i = 0; i < ARRAY_SIZE(fixed_places); i++) {
		e = kernel_table_touching(t, fixed_places[i], w->addr, end);
		if (e)
			return window_refuse(w, "table-in-window",
					     "the kernel's table of %s entries has one at "
					     "0x%" PRIx64 ", in its window",
					     kernel_table_name(fixed_places[i]), e->addr);
	}
	for (size_t i = 0; i < ARRAY_SIZE(entering); i++) {
		/* A jump to the start of a NOP is a call of the function: the patch may take it. */
		e = kernel_table_target_within(t, entering[i], w->addr + w->nop, end);
		if (e)
			return window_refuse(w, "jump-into-window",
					     "the %s of 0x%" PRIx64 " leads into its window, to "
					     "0x%" PRIx64, kernel_table_name(entering[i]), e->addr,
					     e->target);
	}
	return 0;
}

/* Whether the kernel changes a byte of [from, *to); *to moves to the end of what it changes. */
static bool changes(const struct kernel_tables *t, uint64_t from, uint64_t *to)
{
	const struct table_entry *e;
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(changing); i++) {
		uint64_t end = *to;

		for (e = kernel_table_touching(t, changing[i], from, end); e;
		     e = kernel_table_next(t, changing[i], e, from, end)) {
			any = true;
			if (e->addr + e->len > *to)
				*to = e->addr + e->len;
		}
	}
	return any;
}

static void add_insn(struct bytes *body, uint8_t len, uint8_t first)
{
	struct patch_insn i = { len, first };

	bytes_add(body, &i, sizeof(i));
}

/* The kernel may put other instructions there, of other lengths. */
static void add_any(struct bytes *body, uint64_t len)
{
	for (; len > PATCH_INSN_MAX; len -= PATCH_INSN_MAX)
		add_insn(body, PATCH_INSN_MAX, PATCH_INSN_ANY);
	if (len)
		add_insn(body, (uint8_t)len, PATCH_INSN_ANY);
}

void tables_body(const struct kernel_tables *t, const uint8_t *code, uint64_t size, uint64_t addr,
		 struct bytes *body)
{
	struct insn i;
	uint64_t to;

	if (size > PATCH_MAX_BODY)
		return;
	/* The first instruction, that of the window, is never "any". */
	for (uint64_t at = 0; at < size; at = to - addr) {
		if (!disasm_one(code + at, size - at, addr + at, &i))
			break;
		to = addr + at + i.len;
		if (at && changes(t, addr + at, &to)) {
			if (to > addr + size)
				to = addr + size;
			add_any(body, to - addr - at);
		} else {
			add_insn(body, i.len, code[at]);
		}
	}
	add_insn(body, 0, 0);
}
