/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a linked ELF file: headers, sections, segments. The file may be hostile. */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/elf.h"

/* @n records of @size bytes at @offset are all in the file. */
static bool inside(const struct elf_image *e, uint64_t offset, uint64_t n, uint64_t size)
{
	return offset <= e->len && (!size || n <= (e->len - offset) / size);
}

static void reaches(struct elf_image *e, uint64_t offset, uint64_t size)
{
	if (offset + size > e->end)
		e->end = offset + size;
}

static bool read_header(const struct elf_image *e, Elf64_Ehdr *h, const char **why)
{
	if (e->len < sizeof(*h)) {
		*why = "is too short for an ELF file";
		return false;
	}
	memcpy(h, e->data, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		*why = "is not an ELF file";
	else if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
		 h->e_machine != EM_X86_64)
		*why = "is not a 64-bit x86 ELF file";
	else if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		*why = "is not a linked kernel (neither ET_EXEC nor ET_DYN)";
	else
		return true;
	return false;
}

static bool add_segment(struct elf_image *e, const Elf64_Phdr *ph)
{
	struct elf_segment *s = &e->segments[e->nsegments];

	if (ph->p_type != PT_LOAD && ph->p_type != PT_NOTE)
		return true;
	if (!inside(e, ph->p_offset, ph->p_filesz, 1) || ph->p_filesz > ph->p_memsz ||
	    ph->p_vaddr + ph->p_memsz < ph->p_vaddr)
		return false;
	*s = (struct elf_segment){
		.type = ph->p_type,
		.flags = ph->p_flags,
		.addr = ph->p_vaddr,
		.memsz = ph->p_memsz,
		.filesz = ph->p_filesz,
		.data = e->data + ph->p_offset,
	};
	reaches(e, ph->p_offset, ph->p_filesz);
	e->nsegments++;
	return true;
}

static bool read_segments(struct elf_image *e, const Elf64_Ehdr *h)
{
	Elf64_Phdr ph;

	if (!h->e_phnum)
		return true;
	if (h->e_phentsize != sizeof(ph) || !inside(e, h->e_phoff, h->e_phnum, sizeof(ph)))
		return false;
	reaches(e, h->e_phoff, h->e_phnum * sizeof(ph));
	e->segments = xalloc(h->e_phnum * sizeof(*e->segments));
	for (size_t i = 0; i < h->e_phnum; i++) {
		memcpy(&ph, e->data + h->e_phoff + i * sizeof(ph), sizeof(ph));
		if (!add_segment(e, &ph))
			return false;
	}
	return true;
}

static void section_header(const struct elf_image *e, const Elf64_Ehdr *h, size_t i,
			   Elf64_Shdr *sh)
{
	memcpy(sh, e->data + h->e_shoff + i * sizeof(*sh), sizeof(*sh));
}

static bool read_section(struct elf_image *e, struct elf_section *s, const Elf64_Shdr *sh)
{
	bool stored = sh->sh_type != SHT_NOBITS && sh->sh_type != SHT_NULL;

	if ((stored && !inside(e, sh->sh_offset, sh->sh_size, 1)) ||
	    sh->sh_addr + sh->sh_size < sh->sh_addr)
		return false;
	*s = (struct elf_section){
		.name = "",
		.type = sh->sh_type,
		.link = sh->sh_link,
		.info = sh->sh_info,
		.flags = sh->sh_flags,
		.addr = sh->sh_addr,
		.size = sh->sh_size,
		.entsize = sh->sh_entsize,
		.data = stored ? e->data + sh->sh_offset : NULL,
	};
	if (stored)
		reaches(e, sh->sh_offset, sh->sh_size);
	return true;
}

static void name_sections(struct elf_image *e, const Elf64_Ehdr *h)
{
	size_t strndx = h->e_shstrndx;
	Elf64_Shdr sh;

	if (strndx >= e->nsections)
		return;
	for (size_t i = 1; i < e->nsections; i++) {
		section_header(e, h, i, &sh);
		e->sections[i].name = elf_string(&e->sections[strndx], sh.sh_name);
	}
}

static bool read_sections(struct elf_image *e, const Elf64_Ehdr *h)
{
	Elf64_Shdr sh;

	if (!h->e_shnum)
		return true;
	if (h->e_shentsize != sizeof(sh) || !inside(e, h->e_shoff, h->e_shnum, sizeof(sh)))
		return false;
	reaches(e, h->e_shoff, h->e_shnum * sizeof(sh));
	e->sections = xalloc(h->e_shnum * sizeof(*e->sections));
	e->sections[0].name = "";
	for (e->nsections = 1; e->nsections < h->e_shnum; e->nsections++) {
		section_header(e, h, e->nsections, &sh);
		if (!read_section(e, &e->sections[e->nsections], &sh))
			return false;
	}
	name_sections(e, h);
	return true;
}

int elf_image_open(struct elf_image *e, const uint8_t *data, size_t len, const char **why)
{
	Elf64_Ehdr h;

	memset(e, 0, sizeof(*e));
	e->data = data;
	e->len = len;
	e->end = sizeof(h);
	if (!read_header(e, &h, why))
		return -1;
	if (!read_segments(e, &h) || !read_sections(e, &h)) {
		*why = "is cut short or damaged: its headers point outside of it";
		return -1;
	}
	return 0;
}

void elf_image_close(struct elf_image *e)
{
	free(e->sections);
	free(e->segments);
	memset(e, 0, sizeof(*e));
}

const char *elf_string(const struct elf_section *strings, uint64_t offset)
{
	const char *s;

	if (!strings->data || offset >= strings->size)
		return "";
	s = (const char *)strings->data + offset;
	return memchr(s, '\0', strings->size - offset) ? s : "";
}

const struct elf_section *elf_section_named(const struct elf_image *e, const char *name)
{
	for (size_t i = 1; i < e->nsections; i++)
		if (!strcmp(e->sections[i].name, name))
			return &e->sections[i];
	return NULL;
}

const struct elf_section *elf_section_at(const struct elf_image *e, uint64_t addr)
{
	for (size_t i = 1; i < e->nsections; i++) {
		const struct elf_section *s = &e->sections[i];

		if (s->flags & SHF_ALLOC && addr >= s->addr && addr - s->addr < s->size)
			return s;
	}
	return NULL;
}

const uint8_t *elf_image_at(const struct elf_image *e, uint64_t addr, size_t len)
{
	for (size_t i = 0; i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type == PT_LOAD && addr >= s->addr && addr - s->addr <= s->filesz &&
		    len <= s->filesz - (addr - s->addr))
			return s->data + (addr - s->addr);
	}
	return NULL;
}

uint64_t elf_image_start(const struct elf_image *e)
{
	uint64_t start = UINT64_MAX;

	for (size_t i = 0; i < e->nsegments; i++)
		if (e->segments[i].type == PT_LOAD && e->segments[i].addr &&
		    e->segments[i].addr < start)
			start = e->segments[i].addr;
	return start;
}
