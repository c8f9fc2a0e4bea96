/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build --module`: functions and variables of a module that the guest has loaded. Its
 * file tells what they look like, lines of the guest's /proc/kallsyms where they lie.
 */
#ifndef CLI_BUILD_MODULE_H
#define CLI_BUILD_MODULE_H

#include "patcher/cli/build/build.h"
#include "patcher/cli/kernel/guest_symbols.h"

struct module {
	const char *path, *symbols_path;	/* --module, --symbols; NULL if not given */
	struct guest_symbols guest;
	struct object file;
	char *name;
	uint64_t *base;		/* where each section lies in the guest; 0: not there, or not known */
	struct kernel_tables tables;	/* its own, with addresses in the guest */
	uint8_t **code;		/* of each section that was looked at, as it is there */
};

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
 * address cannot be told.
 */
bool module_symbol(struct build *b, const char *name, bool own, struct value *out);

/* Fills b->mod->tables; the sections are located. 0, or -1 with the reason in b->problems. */
int module_tables(struct build *b);

/**
 * module_site - the entry of an old function of the module
 * Returns false if @r->old_name is none of the module's. Otherwise r->site is filled, or there is
 * a reason in b->problems.
 */
bool module_site(struct build *b, struct replacement *r);

#endif
