/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a System.map; also one that a distribution ships empty is told from a real one. */
#include <stdlib.h>
#include <string.h>
#include "cli/system_map.h"

#define FILE_MAX (256u << 20)
#define LINE_MAX_LEN (KALLSYMS_NAME_MAX + 32)

/* "ADDRESS TYPE NAME". Returns the name within @line, or NULL. */
static char *parse_line(char *line, struct kallsym *s)
{
	char *end;

	s->addr = strtoull(line, &end, 16);
	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ' || !end[3])
		return NULL;
	s->type = end[1];
	end += 3;
	return strlen(end) <= KALLSYMS_NAME_MAX && !strpbrk(end, " \t") ? end : NULL;
}

static void add(struct kallsyms *ks, struct kallsym *s, const char *name, uint64_t start)
{
	if ((ks->n & (ks->n - 1)) == 0)
		ks->symbols = xrealloc(ks->symbols, (2 * ks->n + 1) * sizeof(*ks->symbols));
	s->absolute = s->addr < start;
	/* For now where it is; the buffer still moves. */
	s->name = (const char *)bytes_add(&ks->names, name, strlen(name) + 1);
	ks->symbols[ks->n++] = *s;
}

/* Debian puts such a line in the place of all symbols. */
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
		return x->addr < y->addr ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static void finish(struct kallsyms *ks)
{
	for (size_t i = 0; i < ks->n; i++)
		ks->symbols[i].name = (const char *)ks->names.data + (size_t)ks->symbols[i].name;
	qsort(ks->symbols, ks->n, sizeof(*ks->symbols), by_address);
}

static int read_lines(struct kallsyms *ks, char *text, const char *path, uint64_t start,
		      struct problems *p)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save), *name;
	struct kallsym s = { 0 };

	for (size_t number = 1; line; line = strtok_r(NULL, "\n", &save), number++) {
		if (strstr(line, " B The real System.map is in "))
			return stub(path, p);
		name = strlen(line) < LINE_MAX_LEN ? parse_line(line, &s) : NULL;
		if (!name || ks->n >= KALLSYMS_MAX)
			return bad_line(path, number, p);
		add(ks, &s, name, start);
	}
	if (!ks->n)
		return problem(p, CLI_INPUT, "bad-system-map", "%s holds no symbols", path);
	finish(ks);
	return 0;
}

int system_map_read(struct kallsyms *ks, const char *path, uint64_t start, struct problems *p)
{
	struct bytes text = { 0 };
	int ret;

	memset(ks, 0, sizeof(*ks));
	ret = read_file(path, FILE_MAX, &text, p);
	if (!ret) {
		bytes_add(&text, "", 1);
		ret = read_lines(ks, (char *)text.data, path, start, p);
	}
	free(text.data);
	return ret;
}
