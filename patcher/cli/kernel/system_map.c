/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a System.map. One that a distribution ships without symbols is refused. */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/kallsyms.h"
#include "patcher/cli/kernel/system_map.h"

#define FILE_MAX (256u << 20)
#define MAP_LINE_MAX (KALLSYMS_NAME_MAX + 32)

/* "ADDRESS TYPE NAME". */
static bool parse_line(const char *line, struct kallsym *s)
{
	char *end;

	s->addr = strtoull(line, &end, 16);
	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ' || !end[3])
		return false;
	s->type = end[1];
	s->name = end + 3;
	return strlen(s->name) <= KALLSYMS_NAME_MAX && !strpbrk(s->name, " \t");
}

/* Debian ships a file with one such line in place of the symbols. */
static int stub(const char *path, struct problems *p)
{
	return problem(p, CLI_INPUT, "stub-system-map",
		       "%s holds no symbols: the distribution ships a stand-in and keeps the real "
		       "file in its debug package. It is not needed: without --system-map the "
		       "symbols are taken from the kernel image itself", path);
}

static int bad_line(const char *path, size_t number, struct problems *p)
{
	return problem(p, CLI_INPUT, "bad-system-map",
		       "%s: line %zu is not 'ADDRESS TYPE NAME'", path, number);
}

static int by_address(const void *a, const void *b)
{
	const struct kallsym *x = a, *y = b;

	if (x->addr != y->addr)
		return compare_u64(x->addr, y->addr);
	return x->name < y->name ? -1 : x->name > y->name;
}

/* Cuts the text into strings; empty lines are none. */
static int read_lines(struct kallsyms *ks, const char *path, uint64_t start, struct problems *p)
{
	char *line = (char *)ks->names.data, *next;
	struct kallsym s = { 0 };

	for (size_t number = 1; *line; line = next, number++) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!*line)
			continue;
		if (strstr(line, " B The real System.map is in "))
			return stub(path, p);
		if (strlen(line) >= MAP_LINE_MAX || !parse_line(line, &s) || ks->n >= KALLSYMS_MAX)
			return bad_line(path, number, p);
		s.absolute = s.addr < start;
		*ARRAY_ADD(ks->symbols, ks->n) = s;
	}
	if (!ks->n)
		return problem(p, CLI_INPUT, "bad-system-map", "%s holds no symbols", path);
	qsort(ks->symbols, ks->n, sizeof(*ks->symbols), by_address);
	return 0;
}

int system_map_read(struct kallsyms *ks, const char *path, uint64_t start, struct problems *p)
{
	memset(ks, 0, sizeof(*ks));
	if (read_file(path, FILE_MAX, &ks->names, p))
		return -1;
	bytes_add(&ks->names, "", 1);
	return read_lines(ks, path, start, p);
}
