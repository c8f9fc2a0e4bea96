/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The build of a patch: what its stages hand to each other. A stage is a function build_...() that
 * returns 0, or -1 with at least one sentence in b->problems; commands/build.c has their order.
 */
#ifndef CLI_BUILD_BUILD_H
#define CLI_BUILD_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/cli.h"
#include "patcher/cli/base/problems.h"
#include "patcher/cli/build/object.h"
#include "patcher/cli/build/replace.h"
#include "patcher/cli/build/symbols.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/cli/kernel/tables.h"
#include "patcher/wire/patch.h"

struct module;

/* Options of the command line. */
struct build_options {
	const char *out, *name;		/* of the patch */
	const char *kernel_path, *anchor;
	const char *system_map;		/* symbols from there; NULL: from the kernel */
	const char *headers, *keep;	/* NULL if not given */
	const char **includes;
	size_t nincludes;
	bool untraced;			/* functions without the tracer's NOP, too */
	bool exception_table;		/* the patch is to have one */
};

/* One file named on the command line. */
struct build_input {
	char *path;
	char *stem;		/* name of the source's link, for make */
	char *object;		/* path of the object file made of it; both are NULL unless a source */
	const char *own;	/* a source of this tool: the header that is all of it */
};

struct build {
	const struct cli *cli;
	struct problems problems, warnings;

	/* The command line. build_compile() adds to each source what it is compiled to. */
	struct build_options opt;
	struct build_input *inputs;
	size_t ninputs;

	/* build_kernel() */
	struct kernel kernel;

	/* build_release(): of a Linux kernel, else NULL. */
	struct {
		char *banner, *release;
	} version;

	/* build_compile() */
	struct {
		char *headers;		/* where modules for the kernel are built */
		char *work;		/* the folder it happens in */
	} compile;

	/* module_open() */
	struct module *module;		/* NULL without --module */
	struct {
		uint64_t slide;		/* what KASLR added in the guest the patch is for, ... */
		bool slide_known;	/* ... if the patch has addresses of that guest */
	} guest;

	/* build_open(); build_layout() decides on their sections. */
	struct object *objects;
	size_t nobjects;

	/* build_layout(); build_relocate() fills in what it can. */
	struct {
		struct bytes text, data;
		uint64_t data_mem;	/* size of the data in memory: data, then bss */
		uint64_t table_start, table_end;	/* the exception table, in the data */
	} payload;

	/* The command line, then build_symbol_records(). */
	struct override *overrides;
	size_t noverrides;

	/* resolve_symbol(), for all stages */
	struct used_symbol *used;
	size_t nused;

	/* build_special() */
	struct bytes notes;		/* meta lines on special sections */

	/* The command line, then build_replacements(); build_sites() fills in the sites. */
	struct replacement *replace;
	size_t nreplace;

	/* build_relocate() */
	struct patch_fixup *fixups;
	size_t nfixups;

	/* build_sites() */
	struct {
		uint64_t anchor;
		struct kernel_tables tables;
		struct bytes names;	/* of the old functions: strings of the patch */
	} sites;

	/* build_file() */
	struct {
		struct bytes meta, file;
	} output;
};

/* Opens opt.kernel_path. */
int build_kernel(struct build *b);

/* Frees everything; the temporary folder goes, unless --keep. */
void build_close(struct build *b);

#endif
