/* SPDX-License-Identifier: GPL-2.0-only */
/* What the names in object files refer to. */
#ifndef CLI_BUILD_SYMBOLS_H
#define CLI_BUILD_SYMBOLS_H

#include "patcher/cli/build/object.h"
#include "patcher/cli/kernel/symbols.h"
#include "patcher/wire/patch.h"

struct build;

/* A value a relocation or a replacement refers to. */
struct value {
	enum patch_fixup_base base;
	int64_t value;
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

/* A function in one of the objects. */
struct function {
	const char *name;	/* NULL if it has no symbol */
	struct value value;
	uint64_t size;
};

/**
 * resolve_symbol - what a reference to symbol @i of @o means
 * Order: the object's own, other objects' global ones, --symbol, the kernel's.
 * Returns 0, or -1 with the reason in b->problems (once per name).
 */
int resolve_symbol(struct build *b, const struct object *o, size_t i, struct value *out);

/**
 * resolve_kernel - a kernel symbol by what kernel_find() takes; --symbol included
 * @s: the symbol itself, if the kernel has one there; else NULL. May be NULL.
 * Returns 0, or -1 with the reason in b->problems, except when it is missing:
 * then *missing is set and nothing is added.
 */
int resolve_kernel(struct build *b, const char *spec, bool global_wins, struct value *out,
		   const struct kernel_symbol **s, bool *missing);

/* False if @target begins as an address, "0x", and is none. */
bool override_target(const char *target);
/* What @name was bound to by --symbol or SUBTEXT_SYMBOL(); NULL if it was not. */
const struct override *find_override(const struct build *b, const char *name);

/* By name. False if there is none; a problem is added if there are two. */
bool function_named(struct build *b, const char *name, struct function *out);
/* By its offset in the payload text. False if no function starts there. */
bool function_at(struct build *b, uint64_t offset, struct function *out);
/* The function that @offset of the payload text lies in. False if there is none. */
bool function_around(struct build *b, uint64_t offset, struct function *out);

#endif
