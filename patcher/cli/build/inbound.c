/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: whether anything else in the kernel leads into a window. Checked are all
 * direct calls and jumps of the kernel's code with a 4-byte distance, those with a 1-byte
 * distance in the functions close by, and all addresses in its data.
 */
#include <inttypes.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/inbound.h"
#include "patcher/cli/code/disasm.h"

#define NEAR 160	/* farther than a 1-byte distance and its instruction reach */

static bool begins_before(const void *element, const void *addr)
{
	const struct replacement *r = element;

	return r->site.addr < *(const uint64_t *)addr;
}

/* The replacement into whose window @addr lies, behind its first byte; or NULL. */
static const struct replacement *window_around(const struct build *b, uint64_t addr)
{
	size_t i = lower_bound(b->replace, b->nreplace, sizeof(*b->replace), begins_before, &addr);
	const struct replacement *r = i ? &b->replace[i - 1] : NULL;

	if (!r || addr - r->site.addr >= PATCH_JUMP_LEN || r->site.place != PATCH_PLACE_KERNEL)
		return NULL;
	return r;
}

static void refuse(struct build *b, const struct replacement *r, const char *what, uint64_t from,
		   uint64_t to)
{
	const struct kernel_symbol *s;
	uint64_t offset = 0;

	s = kernel_symbol_at(&b->kernel, from, &offset);
	problem(&b->problems, CLI_INPUT, "jump-into-window",
		"'%s' cannot be replaced: %s at 0x%" PRIx64 " (%s+0x%" PRIx64 ") leads into its "
		"window, to 0x%" PRIx64, r->old_name, what, from, s ? s->name : "?", offset, to);
}

static void check_insn(struct build *b, const struct insn *i, uint64_t addr)
{
	const struct replacement *r;

	if (i->kind != INSN_JUMP && i->kind != INSN_CALL)
		return;
	r = window_around(b, i->target);
	if (r)
		refuse(b, r, i->kind == INSN_CALL ? "the call" : "the jump", addr, i->target);
}

/*
 * Checks all instructions of a function, or only the one around address @only, up to the first
 * that cannot be decoded. Returns whether it has checked the one around @only.
 */
static bool check_function(struct build *b, const struct kernel_symbol *s, uint64_t only)
{
	uint64_t size = kernel_function_size(&b->kernel, s);
	const uint8_t *code = kernel_bytes(&b->kernel, s->addr, size);
	struct insn i;

	for (uint64_t at = 0; code && at < size; at += i.len) {
		if (!disasm_one(code + at, size - at, s->addr + at, &i))
			return false;
		if (only && only >= s->addr + at + i.len)
			continue;
		check_insn(b, &i, s->addr + at);
		if (only)
			return true;
	}
	return false;
}

/* Jumps with a 1-byte distance come from the functions around. */
static void check_near(struct build *b, uint64_t window)
{
	const struct kernel_symbol *s, *last = NULL;
	uint64_t offset;

	for (uint64_t at = window - NEAR; at < window + NEAR; at++) {
		s = kernel_symbol_at(&b->kernel, at, &offset);
		if (s && s != last && s->executable)
			check_function(b, s, 0);
		last = s;
	}
}

/* call, jmp, or jcc with a 4-byte distance, by the bytes before it. */
static bool looks_like_jump(const uint8_t *field, uint64_t before)
{
	return (before >= 1 && (field[-1] == 0xe8 || field[-1] == 0xe9)) ||
		(before >= 2 && field[-2] == 0x0f && (field[-1] & 0xf0) == 0x80);
}

/*
 * A field of 4 bytes that would lead into a window if it were the distance of a jump. The code of
 * the function that it lies in shows whether it is. Outside of functions, as in the kernel's
 * replacements for its own instructions, the bytes before the field decide.
 */
static void check_field(struct build *b, const struct elf_section *s, uint64_t at, uint64_t target)
{
	const struct replacement *r = window_around(b, target);
	uint64_t offset, addr = s->addr + at;
	const struct kernel_symbol *f;

	f = kernel_symbol_at(&b->kernel, addr, &offset);
	if (f && f->executable && !strcmp(f->section, s->name) && check_function(b, f, addr))
		return;
	if (looks_like_jump(s->data + at, at))
		refuse(b, r, "the jump", addr - 1, target);
}

static void scan_section(struct build *b, const struct elf_section *s)
{
	uint64_t low = b->replace[0].site.addr;
	uint64_t reach = b->replace[b->nreplace - 1].site.addr + PATCH_JUMP_LEN - low;
	int32_t distance;

	for (uint64_t at = 0; at + 4 <= s->size; at++) {
		uint64_t target;

		memcpy(&distance, s->data + at, 4);
		target = s->addr + at + 4 + (uint64_t)(int64_t)distance;
		if (target - low < reach && window_around(b, target))
			check_field(b, s, at, target);
	}
}

/* By sections; by segments if the image has no sections. */
static void scan_code(struct build *b)
{
	const struct elf_image *e = &b->kernel.image;
	bool any = false;

	for (size_t i = 0; i < e->nsections; i++) {
		const struct elf_section *s = &e->sections[i];

		if (!(s->flags & SHF_EXECINSTR) || !s->data)
			continue;
		scan_section(b, s);
		any = true;
	}
	for (size_t i = 0; i < e->nsegments && !any; i++) {
		const struct elf_segment *g = &e->segments[i];
		struct elf_section all = { .name = "", .addr = g->addr, .size = g->filesz,
					   .data = g->data };

		if (g->type == PT_LOAD && g->flags & PF_X)
			scan_section(b, &all);
	}
}

/* Addresses in tables, and those that instructions hold. */
static void check_addresses(struct build *b)
{
	const struct kernel *k = &b->kernel;

	for (size_t i = 0; i < k->nrelocs; i++) {
		const uint8_t *field = kernel_bytes(k, k->relocs[i].addr, k->relocs[i].width);
		const struct replacement *r;
		uint64_t value = 0;
		int32_t half;

		if (!field)
			continue;
		memcpy(&value, field, k->relocs[i].width);
		if (k->relocs[i].width == 4) {
			memcpy(&half, field, 4);
			value = (uint64_t)(int64_t)half;
		}
		r = window_around(b, value);
		if (r)
			refuse(b, r, "the address", k->relocs[i].addr, value);
	}
}

int build_check_inbound(struct build *b)
{
	if (!b->nreplace)
		return 0;
	for (size_t i = 0; i < b->nreplace; i++)
		check_near(b, b->replace[i].site.addr);
	scan_code(b);
	check_addresses(b);
	return b->problems.n ? -1 : 0;
}
