/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel's symbols from a list of addresses, types and names: kallsyms, or a System.map.
 * Sections and sizes, which such a list lacks, come from the image and the next symbol.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/kallsyms.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/cli/kernel/listed.h"
#include "patcher/cli/kernel/system_map.h"

/* Types of what is code or data for sure; others are known by their section. */
static bool is_code(const struct kernel_symbol *s)
{
	return s->executable && strchr("tTwW", s->type);
}

static bool is_data(const struct kernel_symbol *s)
{
	return !s->executable && strchr("bBdDgGrRsSvV", s->type);
}

/*
 * nm(1) has small letters for local symbols, but not for weak and per-CPU ones (always 'A'). A
 * per-CPU symbol counts as local: then it never hides another of its name.
 */
static bool is_local(const struct kallsym *s)
{
	if (strchr("vw", s->type))
		return false;
	return s->absolute || (s->type >= 'a' && s->type <= 'z');
}

/* The section of a symbol; one that lies at the very end of a section belongs to that. */
static const struct elf_section *section_of(const struct kernel *k, const struct kallsym *s)
{
	const struct elf_section *sec = elf_section_at(&k->image, s->addr);

	return sec || !s->addr ? sec : elf_section_at(&k->image, s->addr - 1);
}

/*
 * A size is found as the kernel does it: up to the @next symbol with another address, but not
 * beyond the end of the section. So padding belongs to what is before it.
 */
static void take_symbol(struct kernel *k, const struct kallsym *in, uint32_t order, uint64_t next)
{
	const struct elf_section *sec = section_of(k, in);
	struct kernel_symbol *s = &k->symbols[k->nsymbols++];
	uint64_t end = sec ? sec->addr + sec->size : in->addr;

	*s = (struct kernel_symbol){
		.addr = in->addr,
		.size = (next < end ? next : end) - in->addr,
		.name = in->name,
		.file = "",
		.section = sec ? sec->name : "",
		.order = order,
		.type = in->type,
		.local = is_local(in),
		.executable = sec && sec->flags & SHF_EXECINSTR,
		.absolute = in->absolute,
		.freed = sec && kernel_section_freed(sec->name),
	};
	s->function = is_code(s);
	s->object = is_data(s);
}

/* From __init_begin to __init_end; sections of that name in kernels without these symbols. */
static void mark_freed(struct kernel *k)
{
	uint64_t from, to;

	if (!kernel_symbol_addr(k, "__init_begin", &from) ||
	    !kernel_symbol_addr(k, "__init_end", &to))
		return;
	for (size_t i = 0; i < k->nsymbols; i++)
		if (k->symbols[i].addr >= from && k->symbols[i].addr < to)
			k->symbols[i].freed = true;
}

/* @list is in order of address. Takes over the names; it is empty then. */
static void take_list(struct kernel *k, struct kallsyms *list, enum kernel_source source)
{
	uint64_t next = UINT64_MAX;

	k->symbols = xalloc(list->n * sizeof(*k->symbols));
	for (size_t i = list->n; i-- > 0;) {
		const struct kallsym *in = &list->symbols[i];

		if (i + 1 < list->n && in[1].addr != in->addr)
			next = in[1].addr;
		take_symbol(k, in, (uint32_t)i, next);
	}
	k->names = list->names;
	list->names = (struct bytes){ 0 };
	kallsyms_close(list);
	k->source = source;
	kernel_sort_symbols(k);
	mark_freed(k);
}

int kernel_load_kallsyms(struct kernel *k, struct problems *p)
{
	struct kallsyms list;

	if (kallsyms_read(&list, &k->image)) {
		kallsyms_close(&list);
		return not_a_kernel(k, p, "has no symbol table, and no kallsyms in a form that "
				    "this tool knows; give it the kernel's vmlinux with symbols, "
				    "or its System.map with --system-map");
	}
	take_list(k, &list, KERNEL_KALLSYMS);
	return 0;
}

/* A map of another build has wrong addresses: the text must start and end as in this image. */
static bool same_kernel(const struct kernel *k, const struct kallsyms *list)
{
	const struct elf_section *text = elf_section_named(&k->image, ".text");

	for (size_t i = 0; text && i < list->n; i++) {
		const struct kallsym *s = &list->symbols[i];

		if ((!strcmp(s->name, "_text") && s->addr != text->addr) ||
		    (!strcmp(s->name, "_etext") && s->addr != text->addr + text->size))
			return false;
	}
	return true;
}

int kernel_load_system_map(struct kernel *k, const char *path, struct problems *p)
{
	struct kallsyms list;

	if (system_map_read(&list, path, elf_image_start(&k->image), p)) {
		kallsyms_close(&list);
		return -1;
	}
	if (!same_kernel(k, &list)) {
		kallsyms_close(&list);
		return problem(p, CLI_INPUT, "other-kernel",
			       "%s is not for %s: the kernel's code begins or ends elsewhere",
			       path, k->path);
	}
	take_list(k, &list, KERNEL_SYSTEM_MAP);
	return 0;
}
