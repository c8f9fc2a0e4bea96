/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the stages of `subtext build` hand to each other: object files, where
 * their sections went, fixups, sites, the finished file.
 */
#ifndef CLI_BUILD_H
#define CLI_BUILD_H

#include <gelf.h>
#include "patcher/cli/cli.h"
#include "patcher/cli/code/disasm.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/cli/kernel/tables.h"
#include "patcher/cli/code/window.h"
#include "patcher/wire/patch.h"

#define REPLACE_SECTION ".subtext.replace"
#define SYMBOLS_SECTION ".subtext.symbols"
#define MARKS_SECTION ".subtext.marks"
#define FEATURES_SECTION ".subtext.features"

enum place_kind {
	PLACE_NONE,		/* not in the patch */
	PLACE_TEXT,
	PLACE_DATA,		/* read-only and writable data */
	PLACE_BSS,		/* behind the data, zero at the start */
};

/* Where a section of an object file went. */
struct place {
	enum place_kind kind;
	uint64_t offset;	/* in the payload text, or in the payload data */
	const char *name;	/* the section's */
	const char *dropped;	/* reason, if it was left out on purpose */
	bool table;		/* part of the patch's exception table */
	const char *refused;	/* reason, if build_special() is to refuse it */
	const char *told;	/* not NULL if `subtext inspect` is to tell of it */
};

/* One file named on the command line. */
struct build_input {
	char *path;
	char *stem;		/* a source's name for make, and ... */
	char *object;		/* ... what it is compiled to; else NULL */
	const char *own;	/* a source of this tool: the header that is all of it */
};

struct object {
	char *path;		/* as the user knows it */
	char *file;		/* the object file itself */
	int fd;
	Elf *elf;
	size_t nsections;
	struct place *places;	/* by section index */
	Elf_Data *symbols;
	size_t nsymbols;
	size_t symbol_strings;	/* section index of their names */
};

/* A value a relocation or a replacement refers to. */
struct value {
	enum patch_fixup_base base;
	int64_t value;
};

/* One function that takes the place of another. */
struct replacement {
	char *old_name;		/* as kernel_find() wants it */
	char *new_name;		/* for people */
	struct value new;
	uint64_t new_size;	/* 0 if not known */
	struct patch_site site;
	uint32_t window_offset;	/* from the start of the old function */
	uint64_t old_size;
	struct bytes body;	/* struct patch_insn of the old function, from the window on */
};

/* A symbol of the kernel that new code refers to. */
struct used_symbol {
	char *name;
	uint64_t addr, size;
	bool absolute;
};

/* --symbol NAME=0xADDRESS or NAME=OTHER; SUBTEXT_SYMBOL(NAME, ...). */
struct override {
	char *name, *target;
	bool given;		/* on the command line */
};

struct module;

struct build {
	const struct cli *cli;
	const char *out, *kernel_path, *name, *anchor_name;
	const char *system_map;		/* symbols from there; NULL: from the kernel */
	struct build_input *inputs;
	size_t ninputs;
	/* Compiling: --headers, --keep, --include; the folder it happens in. */
	char *headers, *keep, *work;
	char **includes;
	size_t nincludes;
	bool module;			/* new code is for a module, not for the kernel */
	struct module *mod;		/* build_module.h; NULL without --module */
	bool untraced;		/* --untraced: functions without the tracer's NOP, too */
	bool exception_table;		/* --exception-table: the patch is to have one */
	uint64_t table_start, table_end;	/* where it is in the data */
	char *banner, *release;		/* of a Linux kernel, else NULL */
	struct kernel kernel;
	struct kernel_tables tables;
	uint64_t anchor;
	struct object *objects;
	size_t nobjects;
	struct override *overrides;
	size_t noverrides;
	struct replacement *replace;
	size_t nreplace;
	struct bytes text, data;
	uint64_t data_mem;	/* size of the data in memory: data, then bss */
	struct patch_fixup *fixups;
	size_t nfixups;
	struct bytes strings, meta, file;
	struct used_symbol *used;
	size_t nused;
	struct bytes notes;	/* meta lines on special sections */
	/* What KASLR added in the one guest the patch is for, if it has addresses of its own. */
	uint64_t slide;
	bool slide_known;
	struct problems problems, warnings;
};

/* Stages, in this order. Each returns 0, or -1 with at least one sentence in b->problems. */
int build_kernel(struct build *b);				/* build_object.c */
int build_compile(struct build *b);				/* build_compile.c */
int build_open(struct build *b);				/* build_object.c */
int build_layout(struct build *b);				/* build_layout.c */
int build_symbol_records(struct build *b);			/* build_records.c */
int build_special(struct build *b);				/* build_special.c */
int build_replacements(struct build *b);			/* build_replace.c */
int build_relocate(struct build *b);				/* build_reloc.c */
int build_sites(struct build *b);				/* build_sites.c */
int build_file(struct build *b);				/* build_file.c */
void build_close(struct build *b);

/* ---- build_output.c ---- */

/* The name of a patch by that of its file: "dir/fix.patch" -> "fix". To be freed. */
char *build_default_name(const char *out);
/* Both: 0, or -1 with the reason in b->problems. The file is there as a whole or not at all. */
int build_check_name(struct build *b);
int build_write(struct build *b);

/* ---- build_linux.c ---- */

/* Fills b->banner and b->release; without either it is an error only if they are @needed. */
int build_release(struct build *b, bool needed);
/* b->headers: --headers, or where distributions have them; checked against b->release. */
int build_find_headers(struct build *b);
/* Warns if @compiler, a string of .comment, is not the one of the banner. @what: an object. */
void build_check_compiler(struct build *b, const char *what, const char *compiler);

/* ---- build_compile.c, build_headers.c, build_messages.c ---- */

/* By its name: FILE.c */
bool build_is_source(const char *path);
/* The folder of a file, as it is put before a name: "" or "dir/". To be freed. */
char *build_folder_prefix(const char *path);
/* The messages in a log of make, with the user's names of files. To be freed. */
char *build_messages(struct build *b, const char *log);
/* The temporary folder, unless --keep. */
void build_remove_work(struct build *b);
/* Both: 0, or -1 with the reason in b->problems. */
int build_write_text(struct build *b, const char *folder, const char *name, const char *text,
		     size_t len);
int build_write_headers(struct build *b, const char *folder);

/* ---- build_tables.c ---- */

/* Is @addr where the kernel's tracer is called? */
bool tables_traced(const struct kernel_tables *t, uint64_t addr);
/* Does the kernel itself forbid probes somewhere in there? */
bool tables_no_probes(const struct kernel_tables *t, uint64_t from, uint64_t size);
/* What the tables have against a window. 0, or -1 with w->why. */
int tables_check_window(const struct kernel_tables *t, struct window *w);
/* Adds the list of a body (docs/patch-format.md): @size bytes of code, from the window on. */
void tables_body(const struct kernel_tables *t, const uint8_t *code, uint64_t size, uint64_t addr,
		 struct bytes *body);

/* ---- build_sites.c ---- */

enum patch_target build_target_kind(const struct value *v);

/* ---- build_inbound.c ---- */

/* All sites, sorted: does anything in the kernel lead into a window? 0, or -1. */
int build_check_inbound(struct build *b);

/* ---- build_hints.c ---- */

/* Both add a problem that tells what may be meant. Always -1. */
int hint_no_old(struct build *b, const char *name);
int hint_undefined(struct build *b, const struct object *o, const char *name);
/* Warns of copies of a function that is replaced. */
void hint_copies(struct build *b, const struct kernel_symbol *s);

/* ---- build_object.c ---- */

/* Finds the symbol table of an open ELF file. 0, or -1 if there is none. */
int object_symbols(struct object *o);

/* The first section of that name; 0 if there is none. Not before build_layout(). */
size_t object_section(const struct object *o, const char *name);
/* The section behind @scn (NULL: of all) that has relocations of @section; NULL if none has. */
Elf_Scn *object_relocations(const struct object *o, size_t section, Elf_Scn *scn);

/* Name of a symbol of @o; for a section symbol the section's. Never NULL. */
const char *object_symbol_name(const struct object *o, const GElf_Sym *sym);
/* Symbol number @i; false if there is none. */
bool object_symbol(const struct object *o, size_t i, GElf_Sym *sym);

/* ---- build_symbols.c ---- */

/**
 * resolve_symbol - what a reference to symbol @i of @o means
 * Order: the object's own, other objects' global ones, --symbol, the kernel's.
 * Returns 0, or -1 with the reason in b->problems (once per name).
 */
int resolve_symbol(struct build *b, const struct object *o, size_t i, struct value *out);

/* False if @target begins as an address, "0x", and is none. */
bool override_target(const char *target);

/* What @name was bound to by --symbol or SUBTEXT_SYMBOL(); NULL if it was not. */
const struct override *find_override(const struct build *b, const char *name);

/* A function in one of the objects. */
struct function {
	const char *name;	/* NULL if it has no symbol */
	struct value value;
	uint64_t size;
};

/* By name. False if there is none; a problem is added if there are two. */
bool function_named(struct build *b, const char *name, struct function *out);
/* By its offset in the payload text. False if no function starts there. */
bool function_at(struct build *b, uint64_t offset, struct function *out);
/* The function that @offset of the payload text lies in. False if there is none. */
bool function_around(struct build *b, uint64_t offset, struct function *out);

/**
 * resolve_kernel - a kernel symbol by what kernel_find() takes; --symbol included
 * @s: the symbol itself, if the kernel has one there; else NULL. May be NULL.
 * Returns 0, or -1 with the reason in b->problems, except when it is missing:
 * then *missing is set and nothing is added.
 */
int resolve_kernel(struct build *b, const char *spec, bool global_wins, struct value *out,
		   const struct kernel_symbol **s, bool *missing);

#endif
