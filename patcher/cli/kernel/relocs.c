/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which bytes of a kernel depend on the address it runs at: from the relocations of an ELF
 * file, or from the list that follows the ELF file in a bzImage.
 */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/cli/kernel/relocs.h"

/* Some 220,000 are usual. Packed ones of a forged file could stand for more than memory holds. */
#define RELOCS_MAX (16u << 20)

static void add_reloc(struct kernel *k, uint64_t addr, unsigned int width)
{
	*ARRAY_ADD(k->relocs, k->nrelocs) = (struct kernel_reloc){ addr, (uint8_t)width };
}

static int too_many(const struct kernel *k, struct problems *p)
{
	return not_a_kernel(k, p, "has more relocations than any kernel");
}

/* ---- of an ELF file ---- */

static bool is_relative(uint32_t type)
{
	return type == R_X86_64_PC32 || type == R_X86_64_PLT32 || type == R_X86_64_PC64;
}

/* Per-CPU symbols (and constants), below @start, stay where they are when the kernel moves. */
static bool stays(const struct elf_section *symbols, uint64_t i, uint64_t start)
{
	Elf64_Sym sym;

	if (!symbols->data || i >= symbols->size / sizeof(sym))
		return false;
	memcpy(&sym, symbols->data + i * sizeof(sym), sizeof(sym));
	return sym.st_shndx != SHN_UNDEF && sym.st_value < start;
}

/*
 * Bytes that change when the kernel moves; 0 if none. What is relative does not, unless it
 * reaches something that stays.
 */
static unsigned int width_of(const struct elf_section *symbols, const Elf64_Rela *r,
			     uint64_t start)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info);

	if (type == R_X86_64_NONE ||
	    (is_relative(type) && !stays(symbols, ELF64_R_SYM(r->r_info), start)))
		return 0;
	return type == R_X86_64_32 || type == R_X86_64_32S || type == R_X86_64_PC32 ||
		type == R_X86_64_PLT32 ? 4 : 8;
}

static void add_rela(struct kernel *k, const struct elf_section *s)
{
	const struct elf_section *symbols = &k->image.sections[s->link < k->image.nsections ?
							       s->link : 0];
	uint64_t start = elf_image_start(&k->image);
	size_t n = s->size / sizeof(Elf64_Rela);
	unsigned int width;
	Elf64_Rela r;

	for (size_t i = 0; i < n && k->nrelocs < RELOCS_MAX; i++) {
		memcpy(&r, s->data + i * sizeof(r), sizeof(r));
		width = width_of(symbols, &r, start);
		if (width)
			add_reloc(k, r.r_offset, width);
	}
}

/* Packed relative relocations: an address, then bitmaps for the 63 words behind it. */
static void add_relr(struct kernel *k, const struct elf_section *s)
{
	uint64_t at = 0, w;

	for (size_t i = 0; i < s->size / 8 && k->nrelocs < RELOCS_MAX; i++) {
		memcpy(&w, s->data + 8 * i, 8);
		if (!(w & 1)) {
			add_reloc(k, w, 8);
			at = w + 8;
			continue;
		}
		for (unsigned int bit = 1; bit < 64; bit++)
			if (w >> bit & 1)
				add_reloc(k, at + 8 * (bit - 1), 8);
		at += 8 * 63;
	}
}

#ifndef SHT_RELR
#define SHT_RELR 19
#endif

/* Those of debug information, which is not loaded; they may be more than all others. */
static bool not_loaded(const struct kernel *k, const struct elf_section *s)
{
	return !(s->flags & SHF_ALLOC) && s->info && s->info < k->image.nsections &&
		!(k->image.sections[s->info].flags & SHF_ALLOC);
}

/* Also those kept by --emit-relocs: the kernel's build makes its own list of them. */
static int load_elf_relocs(struct kernel *k, struct problems *p)
{
	for (size_t i = 1; i < k->image.nsections; i++) {
		const struct elf_section *s = &k->image.sections[i];

		if (s->type == SHT_REL)
			return not_a_kernel(k, p, "has relocations of a kind (SHT_REL) that "
					    "x86-64 does not use");
		if (s->type == SHT_RELA && !not_loaded(k, s))
			add_rela(k, s);
		else if (s->type == SHT_RELR)
			add_relr(k, s);
	}
	return k->nrelocs < RELOCS_MAX ? 0 : too_many(k, p);
}

/* ---- of a bzImage ---- */

/*
 * Behind the ELF file: three lists of 4-byte addresses (sign-extended), each behind a zero:
 * 8-byte fields, 4-byte fields that the slide is subtracted from, 4-byte fields. Linux reads
 * them from the end (arch/x86/boot/compressed/misc.c, handle_relocations()); newer kernels
 * have no second list.
 */
static int load_appended(struct kernel *k, const uint8_t *list, size_t len, struct problems *p)
{
	size_t n = len / 4, lists = 0;
	int32_t v;

	memcpy(&v, list, 4);
	if (n > RELOCS_MAX)
		return too_many(k, p);
	if (len % 4 || v)
		return not_a_kernel(k, p, "has something behind its ELF image that is not a list "
				    "of relocations");
	for (size_t i = 0; i < n; i++) {
		memcpy(&v, list + 4 * i, 4);
		if (!v)
			lists++;
		else
			add_reloc(k, (uint64_t)(int64_t)v, lists == 1 ? 8 : 4);
	}
	return 0;
}

int kernel_load_relocs(struct kernel *k, struct problems *p)
{
	size_t end = k->image.end;

	if (load_elf_relocs(k, p))
		return -1;
	if (k->file.boxed && k->file.len >= end + 4 &&
	    load_appended(k, k->file.data + end, k->file.len - end, p))
		return -1;
	SORT_BY(k->relocs, k->nrelocs, addr);
	return 0;
}

static bool ends_before(const void *element, const void *addr)
{
	const struct kernel_reloc *r = element;

	return r->addr + r->width <= *(const uint64_t *)addr;
}

bool kernel_relocates(const struct kernel *k, uint64_t addr, size_t len)
{
	size_t i = lower_bound(k->relocs, k->nrelocs, sizeof(*k->relocs), ends_before, &addr);

	return i < k->nrelocs && k->relocs[i].addr < addr + len;
}
