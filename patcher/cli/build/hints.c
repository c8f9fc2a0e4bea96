/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: names that compilers make out of other names. NAME.N is a static variable of
 * a function; NAME.isra.N, NAME.constprop.N and NAME.part.N are copies of a function with
 * other parameters, or with a part of its code.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/hints.h"

#define MOST 8		/* names in one list */

static bool is_copy(const char *suffix)
{
	static const char *const copies[] = { ".isra.", ".constprop.", ".part." };

	for (size_t i = 0; i < ARRAY_SIZE(copies); i++)
		if (!strncmp(suffix, copies[i], strlen(copies[i])))
			return true;
	return false;
}

static bool is_variant(const struct kernel_symbol *s, const char *name, bool code)
{
	size_t n = strlen(name);

	if (strncmp(s->name, name, n) || s->name[n] != '.' || s->executable != code)
		return false;
	return code ? is_copy(s->name + n) : isdigit((unsigned char)s->name[n + 1]);
}

/* "NAME.isra.0 (0x...), ..." of the kernel, functions or data; NULL if none. To be freed. */
static char *hint_variants(const struct kernel *k, const char *name, bool code)
{
	char *list = NULL, *longer;
	size_t n = 0;

	for (size_t i = 0; i < k->nsymbols; i++) {
		const struct kernel_symbol *s = &k->symbols[i];

		if (!is_variant(s, name, code) || ++n > MOST)
			continue;
		longer = xprintf("%s%s%s (0x%llx)", list ? list : "", list ? ", " : "", s->name,
				 (unsigned long long)s->addr);
		free(list);
		list = longer;
	}
	if (n > MOST) {
		longer = xprintf("%s and %zu more", list, n - MOST);
		free(list);
		list = longer;
	}
	return list;
}

int hint_no_old(struct build *b, const char *name)
{
	char *variants = hint_variants(&b->kernel, name, true);

	if (variants)
		problem(&b->problems, CLI_INPUT, "undefined-symbol",
			"'%s', which is to be replaced, is no symbol of %s, but there is %s: the "
			"compiler changed its parameters or divided it. If its code shows that the "
			"parameters are as in the source, name it with SUBTEXT_REPLACE_NAMED(); "
			"else replace its callers", name, b->kernel.path, variants);
	else
		problem(&b->problems, CLI_INPUT, "undefined-symbol",
			"'%s', which is to be replaced, is no symbol of %s; if the source has it, "
			"the compiler made it a part of its callers: replace these", name,
			b->kernel.path);
	free(variants);
	return -1;
}

int hint_undefined(struct build *b, const struct object *o, const char *name)
{
	char *code = hint_variants(&b->kernel, name, true);
	char *data = hint_variants(&b->kernel, name, false);
	const char *list = data ? data : code;

	problem(&b->problems, CLI_INPUT, "undefined-symbol",
		"%s: '%s' is neither in the object files nor in %s%s%s%s; if it goes by another "
		"name there, use --symbol %s=NAME or --symbol %s=0xADDRESS, or "
		"SUBTEXT_SYMBOL(%s, \"NAME\") in the source", o->path, name, b->kernel.path,
		list ? ", which has " : "", list ? list : "",
		list && list == code ? " (with parameters that the compiler may have changed)" : "",
		name, name, name);
	free(code);
	free(data);
	return -1;
}

void hint_copies(struct build *b, const struct kernel_symbol *s)
{
	char *variants = hint_variants(&b->kernel, s->name, true);

	if (variants)
		problem(&b->warnings, CLI_OK, "copies",
			"'%s' is replaced, but the kernel also has %s, made from the same source: "
			"calls of these run old code", s->name, variants);
	free(variants);
}
