/* SPDX-License-Identifier: GPL-2.0-only */
/* Relocatable object files: those that a patch is made from, and a module's. */
#ifndef CLI_BUILD_OBJECT_H
#define CLI_BUILD_OBJECT_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct build;

enum place_kind {
	PLACE_NONE,		/* not in the patch */
	PLACE_TEXT,
	PLACE_DATA,		/* read-only and writable data */
	PLACE_BSS,		/* behind the data, zero at the start */
};

/* Where a section of an object file goes; build_layout() decides. */
struct place {
	enum place_kind kind;
	uint64_t offset;	/* in the payload text, or in the payload data */
	const char *name;	/* the section's */
	const char *dropped;	/* reason, if it is left out on purpose */
	bool table;		/* part of the patch's exception table */
	const char *refused;	/* reason, if build_special() is to refuse it */
	const char *noted;	/* what `subtext inspect` shows about it, or NULL */
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

/* Opens b->inputs as b->objects. Returns 0, or -1 with the reasons in b->problems. */
int build_open(struct build *b);

/**
 * object_open - opens o->file and finds its symbols
 * @why: set to the rest of a sentence ("is ...") about what is wrong with the file
 * Returns 0 or -1. To be closed in either case.
 */
int object_open(struct object *o, const char **why);
void object_close(struct object *o);

/* Fills in the names of all places. 0, or -1 if the file has no names of sections. */
int object_name_places(struct object *o);

/*
 * The first section of that name behind section @after (0: of all); 0 if there is none. The
 * places have their names.
 */
size_t object_section(const struct object *o, const char *name, size_t after);
/* Contents of a section as they are in the file. NULL for section 0, and if it cannot be read. */
Elf_Data *object_data(const struct object *o, size_t section);
/* The section behind @scn (NULL: of all) that has relocations of @section; NULL if none has. */
Elf_Scn *object_relocations(const struct object *o, size_t section, Elf_Scn *scn);

/* Name of a symbol of @o; for a section symbol the section's. Never NULL. */
const char *object_symbol_name(const struct object *o, const GElf_Sym *sym);
/* Symbol number @i; false if there is none. */
bool object_symbol(const struct object *o, size_t i, GElf_Sym *sym);

#endif
