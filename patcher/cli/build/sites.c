/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`, stage 5: the entries of the old functions, each checked by disassembly. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/code/disasm.h"
#include "patcher/cli/code/window.h"

/* What ftrace leaves of `call __fentry__` when the kernel starts. */
static const uint8_t nop5[PATCH_JUMP_LEN] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

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
		return refuse(b, s, "unknown-size", "its symbol does not tell its size, and no "
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
	if (b->tables.t[TABLE_FTRACE].present)
		return tables_traced(&b->tables, f->addr + at);
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
		memcpy(code + at, nop5, sizeof(nop5));
	return code;
}

/* What the window must not collide with in the rest of the kernel. */
static int check_around(struct build *b, const struct kernel_symbol *s, const struct window *w)
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

/* "NAME.cold": gcc's name for the seldom-run part of NAME. Local twins are looked at too. */
static int check_cold(struct build *b, const struct kernel_symbol *s, struct window *w)
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

enum patch_target build_target_kind(const struct value *v)
{
	return v->base == PATCH_BASE_TEXT ? PATCH_TARGET_TEXT :
		v->base == PATCH_BASE_ABSOLUTE ? PATCH_TARGET_ABSOLUTE : PATCH_TARGET_KERNEL;
}

static void fill_site(struct build *b, struct replacement *r, const struct kernel_symbol *s,
		      const struct window *w, bool fentry)
{
	r->window_offset = (uint32_t)(w->addr - s->addr);
	r->site = (struct patch_site){
		.addr = w->addr,
		.target = (uint64_t)r->new.value,
		.flags = fentry ? PATCH_SITE_FENTRY : 0,
		.name = (uint32_t)bytes_add(&b->strings, s->name, strlen(s->name) + 1),
		.target_kind = (uint8_t)build_target_kind(&r->new),
		.place = PATCH_PLACE_KERNEL,
		.len = PATCH_JUMP_LEN,
		.insn_len = w->insn_len,
	};
	memcpy(r->site.expect, w->bytes, PATCH_JUMP_LEN);
}

/* Linux: what is not traced has no room for a jump, in most cases for a reason. */
static int refuse_window(struct build *b, const struct kernel_symbol *s, const struct window *w,
			 bool fentry)
{
	bool room = strcmp(w->code, "window-spans") && strcmp(w->code, "too-short");
	char *why;

	if (fentry || room || !b->tables.t[TABLE_FTRACE].present)
		return refuse(b, s, w->code, w->why);
	why = xprintf("the kernel has no NOP for its tracer at its entry (it is assembly, or "
		      "notrace, or a part that the compiler made), and without one %s", w->why);
	refuse(b, s, "no-fentry", why);
	free(why);
	return -1;
}

static int check_window(struct build *b, const struct kernel_symbol *s, const uint8_t *code,
			uint64_t size, struct window *w, bool fentry)
{
	if (tables_no_probes(&b->tables, s->addr, size))
		return refuse(b, s, "no-probes", "the kernel allows no probe in it (noinstr, entry "
			      "code, or on its kprobe blacklist): it runs where nothing else may");
	if (window_find(code, size, s->addr, w))
		return refuse_window(b, s, w, fentry);
	if (check_cold(b, s, w) || check_around(b, s, w))
		return -1;
	if (tables_check_window(&b->tables, w))
		return refuse(b, s, w->code, w->why);
	if (!fentry && b->tables.t[TABLE_FTRACE].present && !b->untraced)
		return refuse(b, s, "untraced", "the kernel has no NOP for its tracer at its entry: "
			      "it is assembly, whose callers may expect it to keep registers that "
			      "a C function does not, or notrace. If the new code does as the old "
			      "one, say --untraced");
	return 0;
}

static int make_site(struct build *b, struct replacement *r)
{
	const struct kernel_symbol *s = find_old(b, r);
	bool fentry = false;
	struct window w;
	uint8_t *code;
	int ret;

	if (!s || check_old(b, s))
		return -1;
	r->old_size = kernel_function_size(&b->kernel, s);
	code = started_code(b, s, r->old_size, &fentry);
	if (!code)
		return refuse(b, s, "not-code", "it is not all in one loaded segment");
	ret = check_window(b, s, code, r->old_size, &w, fentry);
	if (!ret) {
		hint_copies(b, s);
		fill_site(b, r, s, &w, fentry);
		tables_body(&b->tables, code + r->window_offset, r->old_size - r->window_offset,
			    w.addr, &r->body);
	}
	free(code);
	return ret;
}

static int by_address(const void *a, const void *b)
{
	const struct replacement *x = a, *y = b;

	return x->site.addr < y->site.addr ? -1 : x->site.addr > y->site.addr;
}

/* Sorted by address; two for one function are a mistake. */
static void check_twice(struct build *b)
{
	qsort(b->replace, b->nreplace, sizeof(*b->replace), by_address);
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

	if (!resolve_kernel(b, b->anchor_name, true, &v, &s, &missing))
		b->anchor = (uint64_t)v.value;
	else if (missing)
		problem(&b->problems, CLI_INPUT, "no-anchor",
			"%s has no symbol '%s', the system call entry that IA32_LSTAR points to; "
			"name it with --anchor", b->kernel.path, b->anchor_name);
}

int build_sites(struct build *b)
{
	bytes_add(&b->strings, "", 1);
	find_anchor(b);
	if (kernel_tables_open(&b->tables, &b->kernel, &b->problems))
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
