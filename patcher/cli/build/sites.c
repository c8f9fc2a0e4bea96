/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: the entries of the old functions, each checked by disassembly. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/bodies.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/hints.h"
#include "patcher/cli/build/inbound.h"
#include "patcher/cli/build/module_site.h"
#include "patcher/cli/build/site.h"
#include "patcher/cli/build/sites.h"
#include "patcher/cli/code/disasm.h"
#include "patcher/cli/code/window.h"

static int refuse(struct build *b, const struct kernel_symbol *s, const char *code,
		  const char *why)
{
	return problem(&b->problems, CLI_INPUT, code, "'%s' (0x%" PRIx64 ") cannot be replaced: %s",
		       s->name, s->addr, why);
}

static const struct kernel_symbol *find_old(struct build *b, const struct replacement *r)
{
	const struct kernel_symbol *s;
	struct value v;
	bool missing;

	if (resolve_kernel(b, r->old_name, false, &v, &s, &missing) && !missing)
		return NULL;
	if (!s)
		hint_no_old(b, r->old_name);
	return s;
}

static int check_old(struct build *b, const struct kernel_symbol *s)
{
	if (s->object || !s->executable || s->absolute)
		return refuse(b, s, "not-code", "it is not a function");
	if (!kernel_function_size(&b->kernel, s))
		return refuse(b, s, "unknown-size", "its symbol has no size, and no "
			      "symbol follows it");
	return 0;
}

/* Is there, at @at of the function, the place where the kernel's tracer is called? */
static bool is_fentry(const struct build *b, const struct kernel_symbol *f, const uint8_t *code,
		      uint64_t size, uint64_t at)
{
	const struct kernel_symbol *s;
	uint64_t offset;
	struct insn i;

	if (size < at + PATCH_JUMP_LEN)
		return false;
	if (b->sites.tables.t[TABLE_FTRACE].present)
		return tables_traced(&b->sites.tables, f->addr + at);
	if (!disasm_one(code + at, PATCH_JUMP_LEN, f->addr + at, &i) || i.kind != INSN_CALL)
		return false;
	s = kernel_symbol_at(&b->kernel, i.target, &offset);
	return s && offset == 0 && !strcmp(s->name, "__fentry__");
}

/*
 * The function's code as it is in a kernel that has started: the call of the tracer is a NOP.
 * Returns NULL if it is not in the image; to be freed. *fentry: whether there is such a call.
 */
static uint8_t *started_code(const struct build *b, const struct kernel_symbol *s, uint64_t size,
			     bool *fentry)
{
	const uint8_t *image = kernel_bytes(&b->kernel, s->addr, size);
	uint8_t *code;
	struct insn i;
	uint64_t at = 0;

	if (!image)
		return NULL;
	if (disasm_one(image, size, s->addr, &i) && i.kind == INSN_ENDBR)
		at = i.len;
	code = xalloc(size);
	memcpy(code, image, size);
	*fentry = is_fentry(b, s, code, size, at);
	if (*fentry)
		memcpy(code + at, patch_nop5, PATCH_JUMP_LEN);
	return code;
}

/* Whether the rest of the kernel uses bytes of the window. */
static int check_around(struct build *b, const struct kernel_symbol *s,
			const struct entry_window *w)
{
	const struct kernel_symbol *in;
	char *why;

	in = kernel_symbol_within(&b->kernel, w->addr + 1, w->addr + PATCH_JUMP_LEN);
	if (in) {
		why = xprintf("the symbol '%s' (0x%" PRIx64 ") lies in its window, so something "
			      "may enter there", in->name, in->addr);
		refuse(b, s, "symbol-in-window", why);
		free(why);
		return -1;
	}
	if (kernel_relocates(&b->kernel, w->addr, PATCH_JUMP_LEN))
		return refuse(b, s, "relocated-window", "the bytes of its window depend on the "
			      "address the kernel runs at");
	return 0;
}

/* "NAME.cold": gcc's name for the seldom-run part of NAME. All symbols of that name are checked. */
static int check_cold(struct build *b, const struct kernel_symbol *s, struct entry_window *w)
{
	char *name = xprintf("%s.cold", s->name);
	const struct kernel *k = &b->kernel;
	int ret = 0;

	for (size_t i = kernel_first_named(k, name); i < k->nsymbols && !ret; i++) {
		const struct kernel_symbol *c = &k->symbols[k->by_name[i]];
		const uint8_t *code;

		if (strcmp(c->name, name))
			break;
		code = c->size ? kernel_bytes(k, c->addr, c->size) : NULL;
		if (code && window_check_part(w, code, c->size, c->addr))
			ret = refuse(b, s, w->code, w->why);
	}
	free(name);
	return ret;
}

/* For Linux it adds that a function without the tracer's NOP has no room for a jump. */
static int refuse_window(struct build *b, const struct kernel_symbol *s,
			 const struct entry_window *w, bool fentry)
{
	bool room = strcmp(w->code, "window-spans") && strcmp(w->code, "too-short");
	char *why;

	if (fentry || room || !b->sites.tables.t[TABLE_FTRACE].present)
		return refuse(b, s, w->code, w->why);
	why = xprintf("the kernel has no NOP for its tracer at its entry (it is assembly, or "
		      "notrace, or a part that the compiler made), and without one %s", w->why);
	refuse(b, s, "no-fentry", why);
	free(why);
	return -1;
}

static int check_window(struct build *b, const struct kernel_symbol *s,
			const struct old_function *old, struct entry_window *w)
{
	if (tables_no_probes(&b->sites.tables, s->addr, old->size))
		return refuse(b, s, "no-probes", "the kernel allows no probe in it (noinstr, entry "
			      "code, or on its kprobe blacklist): it runs where nothing else may");
	if (window_find(old->code, old->size, s->addr, w))
		return refuse_window(b, s, w, old->fentry);
	if (check_cold(b, s, w) || check_around(b, s, w))
		return -1;
	if (tables_check_window(&b->sites.tables, w))
		return refuse(b, s, w->code, w->why);
	if (!old->fentry && b->sites.tables.t[TABLE_FTRACE].present && !b->opt.untraced)
		return refuse(b, s, "untraced", "the kernel has no NOP for its tracer at its entry: "
			      "it is assembly, whose callers may expect it to keep registers that "
			      "a C function does not, or notrace. If the new code does as the old "
			      "one, use --untraced");
	return 0;
}

static int make_site(struct build *b, struct replacement *r)
{
	const struct kernel_symbol *s = find_old(b, r);
	struct old_function old = { .place = PATCH_PLACE_KERNEL, .tables = &b->sites.tables };
	struct entry_window w;
	uint8_t *code;
	int ret;

	if (!s || check_old(b, s))
		return -1;
	old.name = s->name;
	old.addr = s->addr;
	old.size = kernel_function_size(&b->kernel, s);
	old.code = code = started_code(b, s, old.size, &old.fentry);
	if (!code)
		return refuse(b, s, "not-code", "it is not all in one loaded segment");
	ret = check_window(b, s, &old, &w);
	if (!ret) {
		hint_copies(b, s);
		fill_site(b, r, &old, &w);
	}
	free(code);
	return ret;
}

/* Sorted by address; two for one function are a mistake. */
static void check_twice(struct build *b)
{
	SORT_BY(b->replace, b->nreplace, site.addr);
	for (size_t i = 1; i < b->nreplace; i++) {
		const struct replacement *r = &b->replace[i];

		if (r->site.addr - r[-1].site.addr < PATCH_JUMP_LEN)
			problem(&b->problems, CLI_INPUT, "replaced-twice",
				"'%s' is replaced twice, by '%s' and by '%s'", r->old_name,
				r[-1].new_name, r->new_name);
	}
}

static void find_anchor(struct build *b)
{
	const struct kernel_symbol *s;
	struct value v;
	bool missing;

	if (!resolve_kernel(b, b->opt.anchor, true, &v, &s, &missing))
		b->sites.anchor = (uint64_t)v.value;
	else if (missing)
		problem(&b->problems, CLI_INPUT, "no-anchor",
			"%s has no symbol '%s', the system call entry that IA32_LSTAR points to; "
			"name it with --anchor", b->kernel.path, b->opt.anchor);
}

int build_sites(struct build *b)
{
	bytes_add(&b->sites.names, "", 1);
	find_anchor(b);
	if (kernel_tables_open(&b->sites.tables, &b->kernel, &b->problems))
		return -1;
	for (size_t i = 0; i < b->nreplace; i++)
		if (!module_site(b, &b->replace[i]))
			make_site(b, &b->replace[i]);
	if (!b->problems.n)
		check_twice(b);
	if (!b->problems.n)
		build_check_inbound(b);
	return b->problems.n ? -1 : 0;
}
