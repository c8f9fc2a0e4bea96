/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build --module`: functions and variables of a module that the guest has loaded. Its
 * file has their code and sizes, lines of the guest's /proc/kallsyms have their addresses.
 */
#ifndef CLI_BUILD_MODULE_H
#define CLI_BUILD_MODULE_H

#include "patcher/cli/build/object.h"
#include "patcher/cli/build/symbols.h"
#include "patcher/cli/kernel/guest_symbols.h"
#include "patcher/cli/kernel/tables.h"

struct build;

struct module {
	const char *path, *symbols_path;	/* --module, --symbols; NULL if not given */
	struct guest_symbols guest;
	struct object file;
	char *name;
	uint64_t *base;		/* where each section lies in the guest; 0: not there, or not known */
	struct kernel_tables tables;	/* its own, with addresses in the guest */
	uint8_t **code;		/* of each section that was looked at, as it is there */
};

/* b->module for one of the options of a module, which are in it. */
struct module *build_module(struct build *b);

/**
 * module_open - reads both files; b->kernel is open
 * Refuses a module file that is for another kernel, or not the one that is loaded: all symbols
 * of a section must have moved alike. Nothing happens without --module. 0, or -1 with the
 * reason in b->problems.
 */
int module_open(struct build *b);
void module_close(struct build *b);

/*
 * Where a symbol of the module lies in the guest, and where a relocation of its file leads to
 * there; 0 if that is not in the module, or not known.
 */
uint64_t module_address(const struct module *m, const GElf_Sym *sym);
uint64_t module_leads_to(const struct module *m, const GElf_Rela *r);

/**
 * module_find - the symbol of the module that @spec, "name" or "name@N", means
 * False if there is none. *sym with st_shndx 0 if it cannot be used, with the reason in
 * b->problems; otherwise it is in the guest, at module_address().
 */
bool module_find(struct build *b, const char *spec, GElf_Sym *sym);

/**
 * module_symbol - what @name means in the module, or else in another one of the guest
 * @own: only in the module itself
 * Returns true if it means something there, with *out, or with a reason in b->problems if its
 * address is not known.
 */
bool module_symbol(struct build *b, const char *name, bool own, struct value *out);

#endif
