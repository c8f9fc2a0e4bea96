/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: what happens to each section of the object files. A section goes into the
 * payload, or it is left out for a reason that a table below gives, or the build is refused with a
 * message that names the section.
 */
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/sections.h"

#define PAGE_SIZE 4096u

struct section_rule {
	const char *name;	/* a name that ends in '*' is the start of one */
	const char *why;
};

/* Left out; the new code does the same without them. */
static const struct section_rule left_out[] = {
	{ ".comment",		"names the compiler" },
	{ ".note.*",		"notes for linkers and loaders" },
	{ ".debug*",		"for debuggers" },
	{ ".gdb_index",		"for debuggers" },
	{ ".stab*",		"for debuggers" },
	{ ".eh_frame",		"unwind tables that a kernel does not read" },
	{ ".eh_frame_hdr",	"unwind tables that a kernel does not read" },
	{ ".sframe",		"unwind tables that a kernel does not read" },
	/* build/special.c judges the entries of these one by one, and notes each. */
	{ ".altinstructions",	"the original instructions stay" },
	{ ".altinstr_replacement", "the original instructions stay" },
	{ ".ibt_endbr_seal",	"ENDBR instructions stay as they are" },
	{ ".discard.*",		"marks for build tools" },
	{ ".llvm_addrsig",	"marks for linkers" },
	{ ".llvm.call-graph-profile", "marks for linkers" },
	{ ".GCC.command.line",	"names the compiler's options" },
	{ ".gnu.build.attributes*", "marks for build tools" },
	{ REPLACE_SECTION,	"read by the build itself" },
	{ SYMBOLS_SECTION,	"read by the build itself" },
	{ MARKS_SECTION,	"read by the build itself" },
	{ FEATURES_SECTION,	"read by the build itself" },
};

/* Left out; the new code lacks something then, which `subtext inspect` shows. */
static const struct section_rule left_out_and_noted[] = {
	{ "__mcount_loc",	"entries of new code are not traced" },
	{ "__patchable_function_entries", "entries of new code are not traced" },
	{ ".smp_locks",		"lock prefixes stay, on one CPU too" },
	{ ".parainstructions",	"calls through pv_ops stay as they are" },
	{ ".printk_index",	"messages of new code are not in the index of messages" },
	{ "_kprobe_blacklist",	"no probe can be put into new code anyway" },
	{ "_error_injection_whitelist", "errors cannot be injected into new code" },
};

/* Kept as ordinary data, which the kernel does not register; `subtext inspect` shows it. */
static const struct section_rule kept[] = {
	{ "__dyndbg",		"pr_debug() of new code is off and cannot be switched on" },
	{ "__dyndbg_classes",	"pr_debug() of new code is off and cannot be switched on" },
};

/* Refused: the running kernel would have to register or apply them. The message has the reason. */
static const struct section_rule refused[] = {
	{ ".altinstr_aux",	"static_cpu_has() of an object file that was compiled elsewhere is "
				"not applied; give the C source" },
	{ ".static_call*",	"static calls of new code are not registered; calls of the "
				"kernel's are possible from C source" },
	{ ".orc_*",		"ORC unwind tables are not registered; give the C source, or "
				"compile without objtool" },
	{ ".return_sites",	"return thunks are not patched; give the C source, or compile "
				"without objtool" },
	{ ".retpoline_sites",	"retpolines are not patched; give the C source, or compile without "
				"objtool" },
	{ ".call_sites",	"call depth tracking is not patched" },
	{ ".cfi_sites",		"kCFI is not patched" },
	{ ".kcfi_traps",	"kCFI is not patched" },
	{ ".data..percpu*",	"per-CPU variables of new code have no memory on the CPUs; use "
				"those of the kernel, or an array by CPU number" },
	{ ".tdata*",		"thread-local variables do not exist in a kernel" },
	{ ".tbss*",		"thread-local variables do not exist in a kernel" },
	{ ".init*",		"initialisation code of a patch is never run" },
	{ ".con_initcall*",	"initialisation code of a patch is never run" },
	{ ".exit*",		"exit code of a patch is never run" },
	{ ".fini*",		"exit code of a patch is never run" },
	{ ".ctors*",		"constructors of a patch are never run" },
	{ ".dtors*",		"destructors of a patch are never run" },
	{ "___ksymtab*",	"a patch cannot export symbols; leave EXPORT_SYMBOL() out" },
	{ "__ksymtab*",		"a patch cannot export symbols; leave EXPORT_SYMBOL() out" },
	{ "___kcrctab*",	"a patch cannot export symbols; leave EXPORT_SYMBOL() out" },
	{ "__kcrctab*",		"a patch cannot export symbols; leave EXPORT_SYMBOL() out" },
	{ ".export_symbol",	"a patch cannot export symbols; leave EXPORT_SYMBOL() out" },
	{ ".modinfo",		"a patch is not a module; leave MODULE_...() and module_param() "
				"out" },
	{ "__modver",		"a patch is not a module; leave MODULE_VERSION() out" },
	{ ".gnu.linkonce.this_module", "a patch is not a module; give the object of the source "
				"only" },
	{ "__param",		"a patch cannot have module parameters" },
	{ "__tracepoints*",	"tracepoints of new code are not registered; the kernel's own can "
				"be used (without CREATE_TRACE_POINTS)" },
	{ "__bpf_raw_tp_map",	"tracepoints of new code are not registered" },
	{ "_ftrace_*",		"trace events of new code are not registered; for a system call "
				"write the function __x64_sys_NAME itself, not "
				"SYSCALL_DEFINE" },
	{ "__syscalls_metadata", "a system call of new code is not registered; write the function "
				"__x64_sys_NAME itself" },
	{ "__trace_printk_fmt",	"trace_printk() formats of new code are not registered; use "
				"printk()" },
	{ "___srcu_struct_ptrs", "SRCU structures of new code are not registered" },
	{ ".BTF_ids",		"BTF ids of new code are not resolved" },
	{ ".gcc_except_table*",	"C++ exceptions do not exist in a kernel" },
	{ ".gnu.lto_*",		"it was compiled for link-time optimisation; use -fno-lto" },
	{ ".got*",		"it was compiled as position independent; use -fno-pic" },
	{ ".plt*",		"it was compiled as position independent; use -fno-pic" },
};

/* Refused by build/special.c, which names the functions that the entries are for. */
static const struct section_rule refused_in_code[] = {
	{ "__ex_table",		"exception-table entries of new code are not registered: a fault "
				"would be an oops. They come from inline access to user memory "
				"(unsafe_get_user(), unsafe_put_user(), user_access_begin() "
				"blocks), get_kernel_nofault(), load_unaligned_zeropad(), futex "
				"and MSR accesses; use copy_from_user(), copy_to_user(), "
				"get_user(), put_user(), copy_from_kernel_nofault(), which are "
				"calls; or use --exception-table" },
	{ "__jump_table",	"jump labels of an object file that was compiled elsewhere are not "
				"registered; give the C source" },
	{ "__bug_table",	"BUG() and WARN() of an object file that was compiled elsewhere "
				"are not registered; give the C source" },
};

/* Ordinary code and data. Which of both a section is, is in its flags. */
static const char *const ordinary[] = {
	".text", ".text.*", ".noinstr.text", ".ref.text", ".sched.text", ".spinlock.text",
	".kprobes.text", ".cpuidle.text", ".irqentry.text", ".softirqentry.text",
	".data", ".data.*", ".data1", ".bss", ".bss.*",
	".rodata", ".rodata.*", ".rodata1", ".lrodata*", ".ldata*", ".lbss*",
	".data..read_mostly", ".data..ro_after_init", ".data..cacheline_aligned",
	".data..shared_aligned", ".data..page_aligned", ".bss..page_aligned", ".ref.data",
	"__dyndbg", "__dyndbg_classes",
};

static bool matches(const char *name, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return !strncmp(name, pattern, n - 1);
	return !strcmp(name, pattern);
}

static const char *rule_for(const struct section_rule *rules, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (matches(name, rules[i].name))
			return rules[i].why;
	return NULL;
}

#define RULE_FOR(table, name) rule_for(table, ARRAY_SIZE(table), name)

static bool is_ordinary(const char *name)
{
	/* ".data..*" are sections with a meaning of their own: only the listed ones. */
	bool special = !strncmp(name, ".data..", 7) || !strncmp(name, ".bss..", 6);

	for (size_t i = 0; i < ARRAY_SIZE(ordinary); i++)
		if (matches(name, ordinary[i]) && (!special || !strcmp(name, ordinary[i])))
			return true;
	return false;
}

/* Tables of the object file itself, which have no contents of the program. */
static bool is_structure(const GElf_Shdr *sh)
{
	switch (sh->sh_type) {
	case SHT_NULL:
	case SHT_SYMTAB:
	case SHT_STRTAB:
	case SHT_RELA:
	case SHT_GROUP:
		return true;
	default:
		return false;
	}
}

static int refuse_section(struct build *b, const struct object *o, const char *name,
			  const char *why)
{
	return problem(&b->problems, CLI_INPUT, "section", "%s: section %s: %s", o->path, name,
		       why);
}

/* Decides about one section; place_section() fills in its offset later. */
static int judge_section(struct build *b, const struct object *o, struct place *pl,
			 const GElf_Shdr *sh)
{
	const char *why = RULE_FOR(refused, pl->name);
	const char *noted = RULE_FOR(left_out_and_noted, pl->name);

	if (sh->sh_type == SHT_REL)
		return refuse_section(b, o, pl->name, "is of a kind (SHT_REL) that x86-64 does "
				      "not use");
	if (is_structure(sh) || (sh->sh_size == 0 && is_ordinary(pl->name)))
		return 0;
	if (why && sh->sh_size == 0)
		return 0;
	if (why)
		return refuse_section(b, o, pl->name, why);
	pl->table = b->opt.exception_table && sh->sh_size && !strcmp(pl->name, "__ex_table");
	if (pl->table)
		return 0;
	pl->refused = sh->sh_size ? RULE_FOR(refused_in_code, pl->name) : NULL;
	pl->dropped = noted ? noted : pl->refused ? pl->refused : RULE_FOR(left_out, pl->name);
	pl->noted = noted ? noted : RULE_FOR(kept, pl->name);
	if (pl->dropped)
		return 0;
	if (!(sh->sh_flags & SHF_ALLOC) || !is_ordinary(pl->name))
		return refuse_section(b, o, pl->name, "its purpose is not known, and nothing "
				      "is dropped silently");
	if (sh->sh_addralign > PAGE_SIZE)
		return refuse_section(b, o, pl->name, "its alignment is larger than a page");
	if (sh->sh_flags & SHF_EXECINSTR)
		pl->kind = PLACE_TEXT;
	else
		pl->kind = sh->sh_type == SHT_NOBITS ? PLACE_BSS : PLACE_DATA;
	return 0;
}

static int judge_object(struct build *b, struct object *o)
{
	GElf_Shdr sh;

	if (object_name_places(o))
		return problem(&b->problems, CLI_INPUT, "bad-object", "%s: %s", o->path,
			       elf_errmsg(-1));
	for (size_t i = 0; i < o->nsections; i++) {
		if (!gelf_getshdr(elf_getscn(o->elf, i), &sh))
			return problem(&b->problems, CLI_INPUT, "bad-object", "%s: %s", o->path,
				       elf_errmsg(-1));
		judge_section(b, o, &o->places[i], &sh);
	}
	return 0;
}

/* Copies the contents of a section to the end of @to. INT3 fills gaps in code. */
static int copy_section(struct build *b, const struct object *o, struct place *pl, Elf_Scn *scn,
			const GElf_Shdr *sh, struct bytes *to)
{
	Elf_Data *d = elf_rawdata(scn, NULL);

	if (!d || d->d_size != sh->sh_size)
		return refuse_section(b, o, pl->name, "cannot be read");
	bytes_align(to, sh->sh_addralign ? sh->sh_addralign : 1,
		    pl->kind == PLACE_TEXT ? 0xcc : 0);
	pl->offset = bytes_add(to, d->d_buf, d->d_size);
	return 0;
}

static int place_section(struct build *b, const struct object *o, struct place *pl, Elf_Scn *scn)
{
	GElf_Shdr sh;
	uint64_t align;

	gelf_getshdr(scn, &sh);
	if (sh.sh_size > PATCH_MAX_FILE)
		return refuse_section(b, o, pl->name, "is larger than a patch may be");
	if (pl->kind == PLACE_TEXT)
		return copy_section(b, o, pl, scn, &sh, &b->payload.text);
	if (pl->kind == PLACE_DATA)
		return copy_section(b, o, pl, scn, &sh, &b->payload.data);
	align = sh.sh_addralign ? sh.sh_addralign : 1;
	b->payload.data_mem = (b->payload.data_mem + align - 1) / align * align;
	pl->offset = b->payload.data_mem;
	b->payload.data_mem += sh.sh_size;
	return 0;
}

static void place_all(struct build *b, enum place_kind kind)
{
	for (size_t i = 0; i < b->nobjects; i++) {
		struct object *o = &b->objects[i];

		for (size_t j = 0; j < o->nsections; j++)
			if (o->places[j].kind == kind)
				place_section(b, o, &o->places[j], elf_getscn(o->elf, j));
	}
}

/*
 * Joins the exception tables of all objects, as a linker would. Their entries are distances to
 * code, which become fixups; the order of entries does not matter.
 */
static int place_tables(struct build *b)
{
	GElf_Shdr sh;

	bytes_align(&b->payload.data, 4, 0);
	b->payload.table_start = b->payload.data.len;
	for (size_t i = 0; i < b->nobjects; i++) {
		struct object *o = &b->objects[i];

		for (size_t j = 1; j < o->nsections; j++) {
			Elf_Scn *scn = elf_getscn(o->elf, j);

			if (!o->places[j].table || !gelf_getshdr(scn, &sh))
				continue;
			o->places[j].kind = PLACE_DATA;
			copy_section(b, o, &o->places[j], scn, &sh, &b->payload.data);
		}
	}
	b->payload.table_end = b->payload.data.len;
	if (b->payload.table_start != b->payload.table_end)
		return 0;
	return problem(&b->problems, CLI_INPUT, "no-exceptions", "--exception-table: the new code "
		       "has no exception-table entries; leave the option out");
}

static void check_limits(struct build *b)
{
	if (b->payload.text.len > PATCH_MAX_TEXT)
		problem(&b->problems, CLI_INPUT, "too-large",
			"the new code is %zu bytes, %u are possible", b->payload.text.len,
			PATCH_MAX_TEXT);
	if (b->payload.data_mem > PATCH_MAX_DATA)
		problem(&b->problems, CLI_INPUT, "too-large",
			"the new data is %llu bytes, %u are possible",
			(unsigned long long)b->payload.data_mem, PATCH_MAX_DATA);
}

int build_layout(struct build *b)
{
	for (size_t i = 0; i < b->nobjects; i++)
		judge_object(b, &b->objects[i]);
	if (b->problems.n)
		return -1;
	place_all(b, PLACE_TEXT);
	place_all(b, PLACE_DATA);
	if (b->opt.exception_table)
		place_tables(b);
	b->payload.data_mem = b->payload.data.len;
	place_all(b, PLACE_BSS);
	check_limits(b);
	return b->problems.n ? -1 : 0;
}
