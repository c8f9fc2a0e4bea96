/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the kernel's tables about its own code. Each has a line in tables[] with its layout. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/tables.h"

/* One record of a table. */
struct reader {
	const struct kernel *k;
	const uint8_t *raw;
	uint64_t addr;		/* its address */
};

static int32_t s32(const struct reader *r, size_t at)
{
	int32_t v;

	memcpy(&v, r->raw + at, 4);
	return v;
}

static uint64_t u64(const struct reader *r, size_t at)
{
	uint64_t v;

	memcpy(&v, r->raw + at, 8);
	return v;
}

static uint32_t u16(const struct reader *r, size_t at)
{
	uint16_t v;

	memcpy(&v, r->raw + at, 2);
	return v;
}

/* A 4-byte field that is a distance from its own address. */
static uint64_t relative(const struct reader *r, size_t at)
{
	return r->addr + at + (uint64_t)(int64_t)s32(r, at);
}

/* ---- lengths that are not in the table but in the code ---- */

/* A branch: jcc rel32, or call or jmp rel32, maybe with a CS prefix; a short jmp; a plain ret. */
static uint32_t branch_len(const struct reader *r, uint64_t addr)
{
	const uint8_t *code = kernel_bytes(r->k, addr, 6);

	if (!code)
		return 5;
	switch (code[0]) {
	case 0x0f:
	case 0x2e:
		return 6;
	case 0xeb:
		return 2;
	case 0xc3:
		return 1;
	default:
		return 5;
	}
}

/* A jump label is a jump or a NOP, of 2 or 5 bytes. */
static uint32_t label_len(const struct reader *r, uint64_t addr)
{
	const uint8_t *code = kernel_bytes(r->k, addr, 2);

	return code && (code[0] == 0xeb || (code[0] == 0x66 && code[1] == 0x90)) ? 2 : 5;
}

/* ---- one record each; false: no entry ---- */

/* asm/extable.h. The length of the instruction is not in the table: 1 stands for its first byte. */
static bool read_exception(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->target = relative(r, 4);
	e->info = (uint32_t)s32(r, 8);
	e->len = 1;
	return true;
}

/* linux/jump_label.h: code, target, key with two flags. */
static bool read_jump_label(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->target = relative(r, 4);
	e->info = (uint32_t)s32(r, 8) & 3;
	e->len = label_len(r, e->addr);
	return true;
}

/* linux/static_call_types.h: code, key with two flags. */
static bool read_static_call(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->info = (uint32_t)s32(r, 4) & 3;
	e->len = branch_len(r, e->addr);
	return true;
}

/* asm/alternative.h, 5.10 ... 6.2: code, replacement, feature, lengths of both. */
static bool read_alternative(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->target = relative(r, 4);
	e->info = u16(r, 8);
	e->len = r->raw[10];
	return e->len;
}

/* The same since 6.3: the feature has its flags in a field of their own. */
static bool read_alternative_flags(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->target = relative(r, 4);
	e->info = (uint32_t)s32(r, 8);
	e->len = r->raw[12];
	return e->len;
}

/* asm/paravirt_types.h: an address, the operation, the length. */
static bool read_paravirt(const struct reader *r, struct table_entry *e)
{
	e->addr = u64(r, 0);
	e->info = r->raw[8];
	e->len = r->raw[9];
	return e->len;
}

static bool read_branch(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->len = branch_len(r, e->addr);
	return true;
}

static bool read_endbr(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->len = 4;
	return true;
}

/* The table is filled up with zeros to a whole page. */
static bool read_lock(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->len = 1;
	return s32(r, 0);
}

/* Those of functions that the linker left out are zeroed by newer kernels' build. */
static bool read_ftrace(const struct reader *r, struct table_entry *e)
{
	e->addr = u64(r, 0);
	e->len = PATCH_JUMP_LEN;
	return e->addr;
}

static bool read_blacklist(const struct reader *r, struct table_entry *e)
{
	const struct kernel_symbol *s;
	uint64_t offset, size;

	e->addr = u64(r, 0);
	s = kernel_symbol_at(r->k, e->addr, &offset);
	size = s && !offset ? kernel_function_size(r->k, s) : 0;
	e->len = size && size <= UINT32_MAX ? (uint32_t)size : 1;
	return true;
}

/* asm-generic/bug.h: where, file, line, flags. */
static bool read_bug(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->info = u16(r, 10);
	e->len = 2;
	return true;
}

/* Newer kernels: where, format, file, line, flags. */
static bool read_bug_format(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->info = u16(r, 14);
	e->len = 2;
	return true;
}

/* With CONFIG_DEBUG_BUGVERBOSE off: where, flags, 2 bytes unused. */
static bool read_bug_short(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	e->info = u16(r, 4);
	e->len = 2;
	return true;
}

/* Each holds up to the next, so it has no length: the last one may be the end of a section. */
static bool read_orc(const struct reader *r, struct table_entry *e)
{
	e->addr = relative(r, 0);
	return true;
}

/* ---- how they are stored ---- */

#define LAYOUTS 3
#define RECORD(bytes, reader) { .size = bytes, .read = reader }
/* No kernel's table comes near; a forged one could cover all of a large file. */
#define TABLE_SIZE_MAX (64u << 20)

static const struct table {
	const char *code, *name;
	const char *start, *stop;	/* symbols */
	const char *section;		/* where there are no such symbols */
	struct layout {
		size_t size;
		bool (*read)(const struct reader *r, struct table_entry *e);
		size_t last;	/* bytes of the last one, if padding is between records only */
	} layouts[LAYOUTS];	/* the first one that fits the whole table is taken */
} tables[TABLES] = {
	[TABLE_EXCEPTION] = { "exception-table", "exception table", "__start___ex_table",
		"__stop___ex_table", "__ex_table", { RECORD(12, read_exception) } },
	[TABLE_JUMP_LABEL] = { "jump-label", "jump label", "__start___jump_table",
		"__stop___jump_table", "__jump_table", { RECORD(16, read_jump_label) } },
	[TABLE_STATIC_CALL] = { "static-call", "static call", "__start_static_call_sites",
		"__stop_static_call_sites", ".static_call_sites", { RECORD(8, read_static_call) } },
	[TABLE_ALTERNATIVE] = { "alternative", "alternative", "__alt_instructions",
		"__alt_instructions_end", ".altinstructions",
		{ RECORD(12, read_alternative), RECORD(14, read_alternative_flags) } },
	[TABLE_PARAVIRT] = { "paravirt", "paravirt call", "__parainstructions",
		"__parainstructions_end", ".parainstructions",
		{ { .size = 16, .read = read_paravirt, .last = 10 } } },
	[TABLE_RETPOLINE] = { "retpoline", "retpoline call", "__retpoline_sites",
		"__retpoline_sites_end", ".retpoline_sites", { RECORD(4, read_branch) } },
	[TABLE_RETURN] = { "return", "return site", "__return_sites", "__return_sites_end",
		".return_sites", { RECORD(4, read_branch) } },
	[TABLE_CALL] = { "call", "tracked call", "__call_sites", "__call_sites_end",
		".call_sites", { RECORD(4, read_branch) } },
	[TABLE_IBT_SEAL] = { "ibt-seal", "sealed ENDBR64", "__ibt_endbr_seal",
		"__ibt_endbr_seal_end", ".ibt_endbr_seal", { RECORD(4, read_endbr) } },
	[TABLE_CFI] = { "cfi", "kCFI preamble", "__cfi_sites", "__cfi_sites_end", ".cfi_sites",
		{ RECORD(4, read_branch) } },
	[TABLE_SMP_LOCK] = { "smp-lock", "LOCK prefix", "__smp_locks", "__smp_locks_end",
		".smp_locks", { RECORD(4, read_lock) } },
	[TABLE_FTRACE] = { "ftrace", "ftrace site", "__start_mcount_loc", "__stop_mcount_loc",
		"__mcount_loc", { RECORD(8, read_ftrace) } },
	[TABLE_KPROBE_BLACKLIST] = { "kprobe-blacklist", "kprobe blacklist",
		"__start_kprobe_blacklist", "__stop_kprobe_blacklist", "_kprobe_blacklist",
		{ RECORD(8, read_blacklist) } },
	[TABLE_BUG] = { "bug", "bug table", "__start___bug_table", "__stop___bug_table",
		"__bug_table", { RECORD(12, read_bug), RECORD(16, read_bug_format),
				 RECORD(8, read_bug_short) } },
	[TABLE_ORC] = { "orc", "ORC", "__start_orc_unwind_ip", "__stop_orc_unwind_ip",
		".orc_unwind_ip", { RECORD(4, read_orc) } },
};

const char *kernel_table_code(enum kernel_table table)
{
	return tables[table].code;
}

const char *kernel_table_name(enum kernel_table table)
{
	return tables[table].name;
}

/* ---- where they are ---- */

/* False if the kernel has no such table. */
static bool find_table(const struct kernel *k, const struct table *t, uint64_t *from, uint64_t *to)
{
	const struct elf_section *s;

	if (kernel_symbol_addr(k, t->start, from) && kernel_symbol_addr(k, t->stop, to))
		return true;
	s = elf_section_named(&k->image, t->section);
	if (!s || !(s->flags & SHF_ALLOC))
		return false;
	*from = s->addr;
	*to = s->addr + s->size;
	return true;
}

/* ---- reading ---- */

/* Entries come in runs of one section: the last one is tried first. */
struct code_cache {
	const struct elf_section *last;
};

static bool in_code(const struct kernel *k, struct code_cache *c, uint64_t addr, uint64_t len)
{
	const struct elf_section *s = c->last;

	if (!s || addr < s->addr || addr - s->addr >= s->size)
		s = elf_section_at(&k->image, addr);
	c->last = s;
	return s && s->flags & SHF_EXECINSTR && len <= s->size - (addr - s->addr);
}

/* An entry without length may lie at the end of its section. */
static bool is_code(const struct kernel *k, struct code_cache *c, const struct table_entry *e)
{
	return in_code(k, c, e->addr, e->len) || (!e->len && in_code(k, c, e->addr - 1, 1));
}

/* All records by one layout. False if one of them is not about code. */
static bool read_layout(const struct kernel *k, const uint8_t *raw, uint64_t from, uint64_t size,
			const struct layout *l, struct kernel_table_list *out)
{
	struct code_cache cache = { NULL };

	if (size % l->size && (!l->last || size % l->size < l->last))
		return false;
	for (uint64_t at = 0; at < size; at += l->size) {
		struct reader r = { k, raw + at, from + at };
		struct table_entry e = { 0 };

		if (!l->read(&r, &e))
			continue;
		if (!is_code(k, &cache, &e))
			return false;
		*ARRAY_ADD(out->entries, out->n) = e;
	}
	return true;
}

void kernel_table_sort(struct kernel_table_list *l)
{
	bool sorted = true;

	for (size_t i = 1; i < l->n; i++)
		sorted &= l->entries[i - 1].addr <= l->entries[i].addr;
	if (!sorted)
		SORT_BY(l->entries, l->n, addr);
	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].len > l->longest)
			l->longest = l->entries[i].len;
}

static int read_table(struct kernel_tables *t, const struct kernel *k, enum kernel_table which,
		      struct problems *p)
{
	const struct table *table = &tables[which];
	struct kernel_table_list *l = &t->t[which];
	const uint8_t *raw;
	uint64_t from, to;

	if (!find_table(k, table, &from, &to))
		return 0;
	l->present = true;
	raw = to >= from && to - from <= TABLE_SIZE_MAX ? kernel_bytes(k, from, to - from) : NULL;
	for (size_t i = 0; raw && i < LAYOUTS && table->layouts[i].size; i++) {
		if (read_layout(k, raw, from, to - from, &table->layouts[i], l)) {
			kernel_table_sort(l);
			return 0;
		}
		free(l->entries);
		l->entries = NULL;
		l->n = 0;
	}
	return problem(p, CLI_INPUT, "unknown-table",
		       "%s: its table of %s entries (0x%" PRIx64 ") is in a form that this tool does "
		       "not know, so it cannot be checked against a patch", k->path, table->name,
		       from);
}

/* ---- what is not in a record ---- */

/*
 * kernel/kprobes.c, populate_kprobe_blacklist(), and arch_populate_kprobe_blacklist(): code that
 * runs where a breakpoint would do harm is kept together, between such symbols.
 */
static const char *const no_probes[] = { "kprobes", "noinstr", "entry" };

static void add_no_probes(struct kernel_tables *t, const struct kernel *k)
{
	struct kernel_table_list *l = &t->t[TABLE_KPROBE_BLACKLIST];

	for (size_t i = 0; i < ARRAY_SIZE(no_probes); i++) {
		char *start = xprintf("__%s_text_start", no_probes[i]);
		char *stop = xprintf("__%s_text_end", no_probes[i]);
		uint64_t from, to;

		if (kernel_symbol_addr(k, start, &from) && kernel_symbol_addr(k, stop, &to) &&
		    to > from && to - from <= UINT32_MAX) {
			*ARRAY_ADD(l->entries, l->n) = (struct table_entry){
				.addr = from,
				.len = (uint32_t)(to - from),
			};
			l->present = true;
		}
		free(start);
		free(stop);
	}
	kernel_table_sort(l);
}

/* ---- all of it ---- */

int kernel_tables_open(struct kernel_tables *t, const struct kernel *k, struct problems *p)
{
	int ret = 0;

	memset(t, 0, sizeof(*t));
	for (unsigned int i = 0; i < TABLES; i++)
		ret |= read_table(t, k, i, p);
	add_no_probes(t, k);
	return ret;
}

void kernel_tables_close(struct kernel_tables *t)
{
	for (unsigned int i = 0; i < TABLES; i++)
		free(t->t[i].entries);
	memset(t, 0, sizeof(*t));
}

/* ---- asking ---- */

static const struct table_entry *touching_from(const struct kernel_table_list *l, size_t i,
					       uint64_t from, uint64_t to)
{
	for (; i < l->n && l->entries[i].addr < to; i++)
		if (l->entries[i].addr + l->entries[i].len > from)
			return &l->entries[i];
	return NULL;
}

struct start {
	uint64_t from;
	uint32_t longest;
};

/* No entry reaches @from that begins before it by more than the longest entry is long. */
static bool out_of_reach(const void *element, const void *key)
{
	const struct table_entry *e = element;
	const struct start *s = key;

	return e->addr + s->longest <= s->from;
}

const struct table_entry *kernel_table_touching(const struct kernel_tables *t,
						enum kernel_table table, uint64_t from,
						uint64_t to)
{
	const struct kernel_table_list *l = &t->t[table];
	struct start start = { from, l->longest };

	return touching_from(l, lower_bound(l->entries, l->n, sizeof(*l->entries), out_of_reach,
					    &start), from, to);
}

const struct table_entry *kernel_table_next(const struct kernel_tables *t,
					    enum kernel_table table,
					    const struct table_entry *e, uint64_t from,
					    uint64_t to)
{
	const struct kernel_table_list *l = &t->t[table];

	return touching_from(l, (size_t)(e - l->entries) + 1, from, to);
}

const struct table_entry *kernel_table_target_within(const struct kernel_tables *t,
						     enum kernel_table table, uint64_t from,
						     uint64_t to)
{
	const struct kernel_table_list *l = &t->t[table];

	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].target >= from && l->entries[i].target < to)
			return &l->entries[i];
	return NULL;
}
