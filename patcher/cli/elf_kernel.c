/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading an ELF kernel: symbols, bytes at an address, relocations, build-id. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli/elf_kernel.h"

static int not_a_kernel(const struct kernel *k, struct problems *p, const char *why)
{
	return problem(p, CLI_INPUT, "bad-kernel", "%s: %s", k->path, why);
}

static int check_header(struct kernel *k, struct problems *p)
{
	GElf_Ehdr eh;

	if (elf_kind(k->elf) != ELF_K_ELF || !gelf_getehdr(k->elf, &eh))
		return not_a_kernel(k, p, "is not an ELF file; --kernel takes a kernel with "
				    "symbols (vmlinux), not a compressed image");
	if (gelf_getclass(k->elf) != ELFCLASS64 || eh.e_machine != EM_X86_64)
		return not_a_kernel(k, p, "is not a 64-bit x86 ELF file");
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return not_a_kernel(k, p, "is not a linked kernel (neither ET_EXEC nor ET_DYN)");
	return 0;
}

/* ---- symbols ---- */

static const char *section_name(struct kernel *k, const GElf_Shdr *sh)
{
	size_t strndx;
	const char *s = NULL;

	if (!elf_getshdrstrndx(k->elf, &strndx))
		s = elf_strptr(k->elf, strndx, sh->sh_name);
	return s ? s : "";
}

/* Values in these sections are offsets into each CPU's own area, which KASLR does not move. */
static bool is_percpu(const char *section)
{
	return !strcmp(section, ".data..percpu");
}

static void place_symbol(struct kernel *k, struct kernel_symbol *s, unsigned int shndx)
{
	Elf_Scn *scn;
	GElf_Shdr sh;

	s->section = "";
	if (shndx == SHN_ABS) {
		s->absolute = true;
		return;
	}
	scn = shndx < SHN_LORESERVE ? elf_getscn(k->elf, shndx) : NULL;
	if (!scn || !gelf_getshdr(scn, &sh))
		return;
	s->section = section_name(k, &sh);
	s->executable = sh.sh_flags & SHF_EXECINSTR;
	s->absolute = is_percpu(s->section);
}

static void add_symbol(struct kernel *k, const GElf_Sym *sym, const char *name, const char *file)
{
	struct kernel_symbol *s = &k->symbols[k->nsymbols];
	unsigned int type = GELF_ST_TYPE(sym->st_info);

	s->addr = sym->st_value;
	s->size = sym->st_size;
	s->name = name;
	s->local = GELF_ST_BIND(sym->st_info) == STB_LOCAL;
	s->file = s->local ? file : "";
	s->function = type == STT_FUNC;
	s->object = type == STT_OBJECT || type == STT_TLS || type == STT_GNU_IFUNC;
	place_symbol(k, s, sym->st_shndx);
	k->nsymbols++;
}

static void add_symbols(struct kernel *k, Elf_Data *data, const GElf_Shdr *sh)
{
	size_t n = sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;
	const char *file = "";
	GElf_Sym sym;

	k->symbols = xalloc(n * sizeof(*k->symbols));
	for (size_t i = 1; i < n && gelf_getsym(data, (int)i, &sym); i++) {
		const char *name = elf_strptr(k->elf, sh->sh_link, sym.st_name);
		unsigned int type = GELF_ST_TYPE(sym.st_info);

		if (type == STT_FILE)
			file = name ? name : "";
		else if (name && *name && sym.st_shndx != SHN_UNDEF && type != STT_SECTION)
			add_symbol(k, &sym, name, file);
	}
}

/* Functions and objects before plain labels of the same address. */
static int by_address(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if ((x->function || x->object) != (y->function || y->object))
		return x->function || x->object ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b, void *symbols)
{
	const struct kernel_symbol *s = symbols;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = strcmp(s[x].name, s[y].name);

	return c ? c : x < y ? -1 : x > y;
}

static int load_symbols(struct kernel *k, struct problems *p)
{
	Elf_Scn *scn = NULL;
	Elf_Data *data;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(k->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
			break;
	data = scn ? elf_getdata(scn, NULL) : NULL;
	if (!data)
		return not_a_kernel(k, p, "has no symbol table; use the kernel as it was "
				    "before it was stripped");
	add_symbols(k, data, &sh);
	qsort(k->symbols, k->nsymbols, sizeof(*k->symbols), by_address);
	k->by_name = xalloc(k->nsymbols * sizeof(*k->by_name));
	for (size_t i = 0; i < k->nsymbols; i++)
		k->by_name[i] = i;
	qsort_r(k->by_name, k->nsymbols, sizeof(*k->by_name), by_name, k->symbols);
	return 0;
}

/* ---- relocations ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void add_reloc(struct kernel *k, uint64_t addr)
{
	if ((k->nrelocs & (k->nrelocs - 1)) == 0)
		k->relocs = xrealloc(k->relocs, (2 * k->nrelocs + 1) * sizeof(*k->relocs));
	k->relocs[k->nrelocs++] = addr;
}

/*
 * PC-relative fields hold the same bytes wherever the kernel lies; only these change.
 * A 4-byte field counts as 8 bytes: that can only refuse too much, by 4 bytes.
 */
static bool moves(uint32_t type)
{
	return type != R_X86_64_NONE && type != R_X86_64_PC32 && type != R_X86_64_PLT32 &&
		type != R_X86_64_PC64;
}

static void add_rela(struct kernel *k, Elf_Data *data, const GElf_Shdr *sh)
{
	size_t n = sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;
	GElf_Rela r;

	for (size_t i = 0; i < n && gelf_getrela(data, (int)i, &r); i++)
		if (moves(GELF_R_TYPE(r.r_info)))
			add_reloc(k, r.r_offset);
}

/* Packed relative relocations: an address, then bitmaps for the 63 words behind it. */
static void add_relr(struct kernel *k, Elf_Data *data)
{
	const uint64_t *w = data->d_buf;
	uint64_t at = 0;

	for (size_t i = 0; i < data->d_size / 8; i++) {
		if (!(w[i] & 1)) {
			add_reloc(k, w[i]);
			at = w[i] + 8;
			continue;
		}
		for (unsigned int bit = 1; bit < 64; bit++)
			if (w[i] >> bit & 1)
				add_reloc(k, at + 8 * (bit - 1));
		at += 8 * 63;
	}
}

#ifndef SHT_RELR
#define SHT_RELR 19
#endif

/* Also those kept by --emit-relocs: Linux relocates itself with them. */
static int load_relocs(struct kernel *k, struct problems *p)
{
	Elf_Scn *scn = NULL;
	Elf_Data *data;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(k->elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_REL)
			return not_a_kernel(k, p, "has relocations of a kind (SHT_REL) that "
					    "x86-64 does not use");
		if (sh.sh_type != SHT_RELA && sh.sh_type != SHT_RELR)
			continue;
		data = sh.sh_type == SHT_RELA ? elf_getdata(scn, NULL) : elf_rawdata(scn, NULL);
		if (data && sh.sh_type == SHT_RELA)
			add_rela(k, data, &sh);
		else if (data)
			add_relr(k, data);
	}
	if (k->nrelocs)
		qsort(k->relocs, k->nrelocs, sizeof(*k->relocs), by_value);
	return 0;
}

bool kernel_relocates(const struct kernel *k, uint64_t addr, size_t len)
{
	size_t lo = 0, hi = k->nrelocs;

	/* The first field that ends behind @addr. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (k->relocs[mid] + 8 <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < k->nrelocs && k->relocs[lo] < addr + len;
}

/* ---- bytes ---- */

const uint8_t *kernel_bytes(const struct kernel *k, uint64_t addr, size_t len)
{
	GElf_Phdr ph;
	size_t n;

	if (elf_getphdrnum(k->elf, &n))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(k->elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (addr < ph.p_vaddr || addr - ph.p_vaddr > ph.p_filesz ||
		    len > ph.p_filesz - (addr - ph.p_vaddr))
			continue;
		if (ph.p_offset > k->raw_size || ph.p_filesz > k->raw_size - ph.p_offset)
			return NULL;
		return k->raw + ph.p_offset + (addr - ph.p_vaddr);
	}
	return NULL;
}

/* ---- build-id ---- */

/* Looks through one run of notes that lies at @addr. */
static bool find_build_id(struct kernel *k, Elf_Data *notes, uint64_t addr)
{
	size_t at = 0, name, desc, next;
	GElf_Nhdr nh;

	while ((next = gelf_getnote(notes, at, &nh, &name, &desc)) > 0) {
		if (nh.n_type == NT_GNU_BUILD_ID && nh.n_namesz == sizeof("GNU") &&
		    !memcmp((char *)notes->d_buf + name, "GNU", sizeof("GNU")) &&
		    nh.n_descsz >= 1 && nh.n_descsz <= PATCH_BUILD_ID_MAX) {
			memcpy(k->build_id, (uint8_t *)notes->d_buf + desc, nh.n_descsz);
			k->build_id_len = nh.n_descsz;
			k->build_id_addr = addr + desc;
			return true;
		}
		at = next;
	}
	return false;
}

static int load_build_id(struct kernel *k, struct problems *p)
{
	Elf_Scn *scn = NULL;
	Elf_Data *data;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(k->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_NOTE ||
		    !(sh.sh_flags & SHF_ALLOC))
			continue;
		data = elf_getdata(scn, NULL);
		if (data && find_build_id(k, data, sh.sh_addr))
			break;
	}
	if (!k->build_id_len)
		return not_a_kernel(k, p, "has no GNU build-id, by which the hypervisor knows "
				    "that a patch is for this kernel; link it with --build-id");
	if (!kernel_bytes(k, k->build_id_addr, k->build_id_len))
		return not_a_kernel(k, p, "has its build-id outside of all loaded segments, "
				    "where the hypervisor cannot read it");
	return 0;
}

/* ---- open, close ---- */

static int open_elf(struct kernel *k, struct problems *p)
{
	char *raw;

	elf_version(EV_CURRENT);
	k->fd = open(k->path, O_RDONLY | O_CLOEXEC);
	if (k->fd < 0)
		return problem(p, CLI_INPUT, "unreadable", "cannot open %s: %s", k->path,
			       strerror(errno));
	k->elf = elf_begin(k->fd, ELF_C_READ_MMAP, NULL);
	if (!k->elf)
		return not_a_kernel(k, p, elf_errmsg(-1));
	if (check_header(k, p))
		return -1;
	raw = elf_rawfile(k->elf, &k->raw_size);
	k->raw = (const uint8_t *)raw;
	return raw ? 0 : not_a_kernel(k, p, elf_errmsg(-1));
}

int kernel_open(struct kernel *k, const char *path, struct problems *p)
{
	memset(k, 0, sizeof(*k));
	k->path = xstrdup(path);
	if (open_elf(k, p) || load_symbols(k, p) || load_relocs(k, p) || load_build_id(k, p)) {
		kernel_close(k);
		return -1;
	}
	return 0;
}

void kernel_close(struct kernel *k)
{
	elf_end(k->elf);
	if (k->fd >= 0)
		close(k->fd);
	free(k->path);
	free(k->symbols);
	free(k->by_name);
	free(k->relocs);
	memset(k, 0, sizeof(*k));
	k->fd = -1;
}
