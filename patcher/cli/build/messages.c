/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: the compiler's messages, with the names of the user's files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/compile.h"
#include "patcher/cli/build/messages.h"

#define LOG_MAX (1 << 20)

static void replace_all(char **text, const char *from, const char *to)
{
	struct bytes out = { 0 };
	const char *s = *text, *hit;

	while ((hit = strstr(s, from))) {
		bytes_add(&out, s, (size_t)(hit - s));
		bytes_add(&out, to, strlen(to));
		s = hit + strlen(from);
	}
	bytes_add(&out, s, strlen(s) + 1);
	free(*text);
	*text = (char *)out.data;
}

/* Lines about make, and about the file that includes the user's source: no help to the user. */
static bool is_noise(const struct build *b, const char *line)
{
	static const char *const starts[] = { "In file included from ", "                 from " };
	size_t n = strlen(b->compile.work);

	if (!strncmp(line, "make", 4))
		return strstr(line, "***");
	for (size_t i = 0; i < 2; i++) {
		const char *file = line + strlen(starts[i]);

		if (!strncmp(line, starts[i], strlen(starts[i])) &&
		    !strncmp(file, b->compile.work, n) &&
		    strncmp(file + n, "/source", 7) && strncmp(file + n, "/include", 8))
			return true;
	}
	return false;
}

static void drop_noise(const struct build *b, char *text)
{
	char *out = text, *line = text, *end;

	while (*line) {
		end = line + strcspn(line, "\n");
		if (*end)
			end++;
		if (!is_noise(b, line)) {
			memmove(out, line, (size_t)(end - line));
			out += end - line;
		}
		line = end;
	}
	if (out > text && out[-1] == '\n')
		out--;
	*out = '\0';
}

/* Reads at most LOG_MAX bytes, and of a longer log only whole lines. To be freed. */
static char *read_log(struct build *b, const char *log)
{
	char *text = xalloc(LOG_MAX + 1), *nl;
	FILE *f = fopen(log, "rb");
	size_t n = f ? fread(text, 1, LOG_MAX, f) : 0;

	if (!f || ferror(f))
		problem(&b->problems, CLI_INPUT, "unreadable", "cannot read %s: %s", log,
			strerror(errno));
	if (f)
		fclose(f);
	nl = n == LOG_MAX ? strrchr(text, '\n') : NULL;
	if (nl)
		nl[1] = '\0';
	return text;
}

char *build_messages(struct build *b, const char *log)
{
	char *text = read_log(b, log), *from, *folder;

	drop_noise(b, text);
	for (size_t i = 0; i < b->ninputs; i++) {
		from = xprintf("%s/source%zu/", b->compile.work, i);
		folder = build_folder_prefix(b->inputs[i].path);
		replace_all(&text, from, folder);
		free(from);
		free(folder);
	}
	for (size_t i = 0; i < b->opt.nincludes; i++) {
		from = xprintf("%s/include%zu", b->compile.work, i);
		replace_all(&text, from, b->opt.includes[i]);
		free(from);
	}
	from = xprintf("%s/include/", b->compile.work);
	replace_all(&text, from, "");
	free(from);
	return text;
}
