/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening a kernel: image, symbols, relocations, build-id. */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/cli/kernel/listed.h"
#include "patcher/cli/kernel/symtab.h"

int not_a_kernel(const struct kernel *k, struct problems *p, const char *why)
{
	return problem(p, CLI_INPUT, "bad-kernel", "%s: %s", k->path, why);
}

const uint8_t *kernel_bytes(const struct kernel *k, uint64_t addr, size_t len)
{
	return elf_image_at(&k->image, addr, len);
}

/* ---- build-id ---- */

static uint64_t align4(uint64_t v)
{
	return (v + 3) & ~UINT64_C(3);
}

/* Looks through one run of notes that lies at @addr. */
static bool find_build_id(struct kernel *k, const uint8_t *notes, uint64_t size, uint64_t addr)
{
	uint64_t at = 0, desc, next;
	Elf64_Nhdr nh;

	while (size - at >= sizeof(nh)) {
		memcpy(&nh, notes + at, sizeof(nh));
		desc = at + sizeof(nh) + align4(nh.n_namesz);
		next = desc + align4(nh.n_descsz);
		if (desc + nh.n_descsz > size)
			return false;
		if (nh.n_type == NT_GNU_BUILD_ID && nh.n_namesz == sizeof("GNU") &&
		    !memcmp(notes + at + sizeof(nh), "GNU", sizeof("GNU")) &&
		    nh.n_descsz >= 1 && nh.n_descsz <= PATCH_BUILD_ID_MAX) {
			memcpy(k->build_id, notes + desc, nh.n_descsz);
			k->build_id_len = nh.n_descsz;
			k->build_id_addr = addr + desc;
			return true;
		}
		if (next > size)
			return false;
		at = next;
	}
	return false;
}

static int load_build_id(struct kernel *k, struct problems *p)
{
	const struct elf_image *e = &k->image;
	bool found = false;

	for (size_t i = 1; i < e->nsections && !found; i++) {
		const struct elf_section *s = &e->sections[i];

		if (s->type == SHT_NOTE && s->flags & SHF_ALLOC)
			found = find_build_id(k, s->data, s->size, s->addr);
	}
	for (size_t i = 0; i < e->nsegments && !found; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type == PT_NOTE)
			found = find_build_id(k, s->data, s->filesz, s->addr);
	}
	if (!found)
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
	const char *why;

	if (!elf_image_open(&k->image, k->file.data, k->file.len, &why))
		return 0;
	if (!k->file.boxed && !k->file.packing && memcmp(k->file.data, ELFMAG,
	    k->file.len < SELFMAG ? k->file.len : SELFMAG))
		why = "is not an ELF file, nor a bzImage; --kernel takes vmlinuz or vmlinux";
	return not_a_kernel(k, p, why);
}

static int load_symbols(struct kernel *k, const struct kernel_options *o, struct problems *p)
{
	bool none;

	if (o->system_map)
		return kernel_load_system_map(k, o->system_map, p);
	if (kernel_load_symtab(k, &none, p))
		return -1;
	return none ? kernel_load_kallsyms(k, p) : 0;
}

int kernel_read(struct kernel *k, const struct kernel_options *o, struct problems *p)
{
	return open_elf(k, p) || load_symbols(k, o, p) || kernel_load_relocs(k, p) ||
		load_build_id(k, p) ? -1 : 0;
}

int kernel_open_with(struct kernel *k, const char *path, const struct kernel_options *o,
		     struct problems *p)
{
	memset(k, 0, sizeof(*k));
	k->path = xstrdup(path);
	if (kernel_image_open(&k->file, path, !o->no_cache, p) || kernel_read(k, o, p)) {
		kernel_close(k);
		return -1;
	}
	return 0;
}

int kernel_open(struct kernel *k, const char *path, struct problems *p)
{
	const struct kernel_options o = { 0 };

	return kernel_open_with(k, path, &o, p);
}

void kernel_close(struct kernel *k)
{
	elf_image_close(&k->image);
	kernel_image_close(&k->file);
	free(k->path);
	free(k->symbols);
	free(k->by_name);
	free(k->names.data);
	free(k->relocs);
	memset(k, 0, sizeof(*k));
}
