/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of a guest's /proc/kallsyms, and of /sys/module. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/guest_symbols.h"
#include "patcher/cli/kernel/kernel.h"

#define MAX_FILE	(64u << 20)
#define KERNEL_NAME	"vmlinux"
#define SYS_MODULE	"/sys/module/"

/* ---- reading ---- */

/* Cuts the next word off *@at, at blanks. NULL if there is none. */
static char *word(char **at)
{
	char *s = *at + strspn(*at, " \t\r"), *end = s + strcspn(s, " \t\r");

	if (end == s)
		return NULL;
	*at = *end ? end + 1 : end;
	*end = '\0';
	return s;
}

static bool parse_symbol(char *line, struct guest_symbol *s)
{
	char *addr = word(&line), *type = word(&line), *name = word(&line), *module = word(&line);
	char *end;

	if (!name || type[1])
		return false;
	*s = (struct guest_symbol){ strtoull(addr, &end, 16), name, "", *type };
	if (*end || strspn(addr, "0123456789abcdefABCDEF") != strlen(addr))
		return false;
	if (!module)
		return true;
	end = module + strlen(module) - 1;
	if (*module != '[' || *end != ']')
		return false;
	*end = '\0';
	s->module = module + 1;
	return !word(&line);
}

/* "/sys/module/NAME/sections/.text:0xffffffffc0000000" */
static bool parse_section(char *line, struct guest_symbol *s)
{
	char *section, *colon, *end;

	line += strlen(SYS_MODULE);
	section = strstr(line, "/sections/");
	colon = section ? strchr(section, ':') : NULL;
	if (!colon || strncmp(colon + 1, "0x", 2))
		return false;
	*section = *colon = '\0';
	*s = (struct guest_symbol){ strtoull(colon + 3, &end, 16), section + strlen("/sections/"),
				    line, GUEST_SECTION };
	return end > colon + 3 && !end[strspn(end, " \t\r")];
}

static bool parse_line(char *line, struct guest_symbol *s)
{
	return strncmp(line, SYS_MODULE, strlen(SYS_MODULE)) ? parse_symbol(line, s) :
		parse_section(line, s);
}

static int bad_line(struct guest_symbols *g, struct problems *p, size_t number)
{
	return problem(p, CLI_INPUT, "bad-symbols", "%s:%zu: is not a line of /proc/kallsyms, "
		       "ADDRESS TYPE NAME [MODULE], nor one of /sys/module", g->path, number);
}

static int parse_lines(struct guest_symbols *g, struct problems *p)
{
	size_t number = 0;
	char *line, *next;

	for (line = (char *)g->text.data; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		number++;
		if (!line[strspn(line, " \t\r")])
			continue;
		if (!parse_line(line, ARRAY_ADD(g->symbols, g->n)))
			return bad_line(g, p, number);
	}
	return 0;
}

static int check_addresses(struct guest_symbols *g, struct problems *p)
{
	if (!g->n)
		return problem(p, CLI_INPUT, "bad-symbols", "%s: has no symbols", g->path);
	for (size_t i = 0; i < g->n; i++)
		if (g->symbols[i].addr)
			return 0;
	return problem(p, CLI_INPUT, "hidden-addresses", "%s: all addresses are zero: the guest "
		       "hides them (kptr_restrict); read them there as root, with "
		       "/proc/sys/kernel/kptr_restrict 0 or 1", g->path);
}

static int by_name(const void *a, const void *b)
{
	const struct guest_symbol *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : compare_u64(x->addr, y->addr);
}

int guest_symbols_open(struct guest_symbols *g, const char *path, struct problems *p)
{
	memset(g, 0, sizeof(*g));
	g->path = path;
	if (read_file(path, MAX_FILE, &g->text, p))
		return -1;
	bytes_add(&g->text, "", 1);
	if (parse_lines(g, p) || check_addresses(g, p))
		return -1;
	qsort(g->symbols, g->n, sizeof(*g->symbols), by_name);
	return 0;
}

void guest_symbols_close(struct guest_symbols *g)
{
	free(g->symbols);
	free(g->text.data);
	memset(g, 0, sizeof(*g));
}

/* ---- finding ---- */

static bool sorts_before(const void *element, const void *name)
{
	const struct guest_symbol *s = element;

	return strcmp(s->name, name) < 0;
}

/* Index of the first symbol called @name, or of what would follow it. */
static size_t first_named(const struct guest_symbols *g, const char *name)
{
	return lower_bound(g->symbols, g->n, sizeof(*g->symbols), sorts_before, name);
}

/* The next one at or after @i that is called @name, in @module unless that is NULL. */
static const struct guest_symbol *next_named(const struct guest_symbols *g, size_t i,
					     const char *name, const char *module)
{
	for (; i < g->n && !strcmp(g->symbols[i].name, name); i++)
		if (!module || !strcmp(g->symbols[i].module, module))
			return &g->symbols[i];
	return NULL;
}

const struct guest_symbol *guest_symbols_of(const struct guest_symbols *g, const char *module,
					    const char *name)
{
	return next_named(g, first_named(g, name), name, module);
}

const struct guest_symbol *guest_symbols_next(const struct guest_symbols *g,
					      const struct guest_symbol *s)
{
	return next_named(g, (size_t)(s - g->symbols) + 1, s->name, s->module);
}

static void list_candidates(const struct guest_symbols *g, const char *name, const char *module,
			    struct problems *p)
{
	const struct guest_symbol *s = next_named(g, first_named(g, name), name, module);

	for (; s; s = next_named(g, (size_t)(s - g->symbols) + 1, name, module))
		problem(p, CLI_INPUT, "ambiguous-symbol", "  0x%" PRIx64 " %c %s in %s", s->addr,
			s->type, name, *s->module ? s->module : KERNEL_NAME);
}

static const struct guest_symbol *find_in(const struct guest_symbols *g, const char *name,
					  const char *module, struct problems *p)
{
	const struct guest_symbol *s = next_named(g, first_named(g, name), name, module);

	if (!s) {
		problem(p, CLI_INPUT, "undefined-symbol", "%s: there is no symbol '%s'%s%s",
			g->path, name, module ? " in " : "",
			module ? (*module ? module : KERNEL_NAME) : "");
		return NULL;
	}
	if (!next_named(g, (size_t)(s - g->symbols) + 1, name, module))
		return s;
	problem(p, CLI_INPUT, "ambiguous-symbol", "%s: there are several symbols '%s'; use "
		"MODULE:%s, or the address of the one that is meant:", g->path, name, name);
	list_candidates(g, name, module, p);
	return NULL;
}

const struct guest_symbol *guest_symbols_find(const struct guest_symbols *g, const char *spec,
					      struct problems *p)
{
	const char *colon = strchr(spec, ':');
	const struct guest_symbol *s;
	char *module;

	if (!colon)
		return find_in(g, spec, NULL, p);
	module = xprintf("%.*s", (int)(colon - spec), spec);
	if (!strcmp(module, KERNEL_NAME))
		*module = '\0';
	s = find_in(g, colon + 1, module, p);
	free(module);
	return s;
}

/* ---- which kernel ---- */

/* A function of the kernel by its only symbol of that name on both sides, or NULL. */
static const struct guest_symbol *same_function(const struct guest_symbols *g,
						const struct kernel *k, size_t i)
{
	const struct kernel_symbol *s = &k->symbols[i];
	const struct guest_symbol *found;
	struct problems none = { 0 };
	bool missing;

	if (!s->executable || s->absolute || s->local)
		return NULL;
	found = next_named(g, first_named(g, s->name), s->name, "");
	if (!found || next_named(g, (size_t)(found - g->symbols) + 1, s->name, ""))
		return NULL;
	if (kernel_find(k, s->name, false, &missing, &none) != s)
		found = NULL;
	problems_free(&none);
	return found;
}

int guest_symbols_slide(const struct guest_symbols *g, const struct kernel *k, bool *known,
			uint64_t *slide, struct problems *p)
{
	*known = false;
	for (size_t i = 0; i < k->nsymbols; i++) {
		const struct guest_symbol *s = same_function(g, k, i);

		if (!s)
			continue;
		if (*known && s->addr - k->symbols[i].addr != *slide)
			return problem(p, CLI_INPUT, "other-kernel", "%s is not of a guest that "
				       "runs %s: '%s' lies elsewhere in it", g->path, k->path,
				       s->name);
		*slide = s->addr - k->symbols[i].addr;
		*known = true;
	}
	return 0;
}
