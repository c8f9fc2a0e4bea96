/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as a kernel file: boot header, unpacking, ELF, kallsyms, relocations, build-id, the
 * kernel's tables. Of a kernel that is taken, everything is touched. Then the same bytes as the
 * read-only data of a kernel, which is how deep parts of kallsyms are reached.
 */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/kernel/kallsyms.h"
#include "patcher/cli/kernel/tables.h"

/* Small enough that a bomb shows as a refusal, not as a slow input. */
#define UNPACKED_MAX (1u << 20)

static volatile size_t sink;

static void check(int ok)
{
	if (!ok)
		abort();
}

static void touch(const uint8_t *p, size_t n)
{
	for (size_t i = 0; p && i < n; i++)
		sink += p[i];
}

static void use_symbol(const struct kernel *k, const struct kernel_symbol *s)
{
	uint64_t offset = 0;
	const struct kernel_symbol *at = kernel_symbol_at(k, s->addr, &offset);

	sink += strlen(s->name) + strlen(s->section) + strlen(s->file);
	check(!at || s->absolute || (at->addr == s->addr && !offset));
	touch(kernel_bytes(k, s->addr, s->size < 16 ? s->size : 16), s->size < 16 ? s->size : 16);
	sink += kernel_relocates(k, s->addr, 5) + kernel_function_size(k, s);
}

static void use_tables(const struct kernel *k)
{
	struct problems p = { 0 };
	struct kernel_tables t;

	if (kernel_tables_open(&t, k, &p))
		check(p.n > 0);
	for (unsigned int i = 0; i < TABLES; i++)
		for (size_t j = 0; j < t.t[i].n && j < 64; j++) {
			const struct table_entry *e = &t.t[i].entries[j];

			if (e->len && e->addr + e->len > e->addr)
				check(kernel_table_touching(&t, i, e->addr, e->addr + 1) != NULL);
		}
	kernel_tables_close(&t);
	problems_free(&p);
}

static void use_kernel(const struct kernel *k)
{
	struct problems p = { 0 };
	bool missing;

	check(k->build_id_len && kernel_bytes(k, k->build_id_addr, k->build_id_len));
	for (size_t i = 0; i < k->nsymbols && i < 500; i++) {
		use_symbol(k, &k->symbols[i]);
		kernel_find(k, k->symbols[i].name, true, &missing, &p);
	}
	use_tables(k);
	problems_free(&p);
}

static void as_file(const uint8_t *data, size_t size)
{
	const struct kernel_options o = { .no_cache = true };
	struct kernel k = { .path = strdup("fuzz"), .file = { .file = data, .file_len = size } };
	struct problems p = { 0 };

	if (kernel_image_read(&k.file, "fuzz", false, UNPACKED_MAX, &p) || kernel_read(&k, &o, &p))
		check(p.n > 0);
	else
		use_kernel(&k);
	kernel_close(&k);
	problems_free(&p);
}

static void as_rodata(const uint8_t *data, size_t size)
{
	struct elf_segment s = {
		.type = PT_LOAD, .addr = 0xffffffff81000000, .memsz = 1 << 24, .filesz = size,
		.data = data,
	};
	const struct elf_image image = { .data = data, .len = size, .segments = &s, .nsegments = 1 };
	struct kallsyms ks;

	if (!kallsyms_read(&ks, &image))
		for (size_t i = 0; i < ks.n; i++)
			sink += strlen(ks.symbols[i].name) + ks.symbols[i].addr;
	kallsyms_close(&ks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy, because symbols and tables are read in place: 8-byte aligned, as a mapping is. */
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	as_file(copy, size);
	as_rodata(copy, size);
	free(copy);
	return 0;
}
