/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which Linux a kernel is, by its banner, and where its headers are. The banner is
 * linux_banner, "Linux version RELEASE (builder) (compiler, linker) #..." (init/version.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/release.h"

#define BANNER_MAX 512
#define BANNER_START "Linux version "

/* Where distributions put the folder that modules are built in. */
static const char *const places[] = { "/lib/modules/%s/build", "/usr/src/linux-headers-%s" };

/* Its first line; NULL if there is none. To be freed. */
static char *banner_at(const struct kernel *k, uint64_t addr)
{
	const char *text;

	/* It may be the last thing of a segment. */
	for (size_t len = BANNER_MAX; len > strlen(BANNER_START); len--) {
		text = (const char *)kernel_bytes(k, addr, len);
		if (!text)
			continue;
		if (strncmp(text, BANNER_START, strlen(BANNER_START)))
			return NULL;
		for (size_t n = 0; n < len; n++)
			if (!text[n] || text[n] == '\n')
				return xprintf("%.*s", (int)n, text);
		return NULL;
	}
	return NULL;
}

int build_release(struct build *b, bool needed)
{
	const char *release;
	uint64_t addr;

	if (kernel_symbol_addr(&b->kernel, "linux_banner", &addr))
		b->version.banner = banner_at(&b->kernel, addr);
	if (!b->version.banner && !needed)
		return 0;
	if (!b->version.banner)
		return problem(&b->problems, CLI_INPUT, "no-release",
			       "%s has no linux_banner, so that it is no Linux kernel whose "
			       "headers could be looked for; compile the source yourself and "
			       "give the object file", b->kernel.path);
	release = b->version.banner + strlen(BANNER_START);
	b->version.release = xprintf("%.*s", (int)strcspn(release, " "), release);
	return 0;
}

/* The release that a folder of headers is for; NULL if it is no such folder. To be freed. */
static char *headers_release(const char *folder)
{
	char *path = xprintf("%s/include/generated/utsrelease.h", folder);
	FILE *f = fopen(path, "re");
	char line[256], *found = NULL, *from, *to;

	free(path);
	while (f && !found && fgets(line, sizeof(line), f)) {
		from = strchr(line, '"');
		to = from ? strchr(from + 1, '"') : NULL;
		if (to && !strncmp(line, "#define UTS_RELEASE", 19))
			found = xprintf("%.*s", (int)(to - from - 1), from + 1);
	}
	if (f)
		fclose(f);
	return found;
}

static int check_headers(struct build *b, const char *folder)
{
	char *release = headers_release(folder);
	int ret = 0;

	if (!release)
		ret = problem(&b->problems, CLI_INPUT, "no-headers",
			      "%s is not a folder that modules for a kernel are built in: there is "
			      "no include/generated/utsrelease.h", folder);
	else if (strcmp(release, b->version.release))
		ret = problem(&b->problems, CLI_INPUT, "other-headers",
			      "the headers in %s are for Linux %s, but %s is Linux %s; install the "
			      "headers of that release", folder, release, b->kernel.path,
			      b->version.release);
	free(release);
	return ret;
}

/* NULL with the reason in b->problems. To be freed. */
static char *default_headers(struct build *b)
{
	char *tried[2], *found = NULL;

	for (size_t i = 0; i < 2; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		tried[i] = xprintf(places[i], b->version.release);
#pragma GCC diagnostic pop
		if (!found && !access(tried[i], X_OK))
			found = xstrdup(tried[i]);
	}
	if (!found)
		problem(&b->problems, CLI_INPUT, "no-headers",
			"there are no headers for Linux %s, neither %s nor %s; install them "
			"(Debian: linux-headers-%s) or use --headers DIR", b->version.release,
			tried[0], tried[1], b->version.release);
	free(tried[0]);
	free(tried[1]);
	return found;
}

int build_find_headers(struct build *b)
{
	char *folder = b->opt.headers ? xstrdup(b->opt.headers) : default_headers(b);
	int ret = -1;

	if (!folder)
		return -1;
	b->compile.headers = realpath(folder, NULL);
	if (b->compile.headers)
		ret = check_headers(b, b->compile.headers);
	else
		problem(&b->problems, CLI_INPUT, "no-headers", "--headers %s: %s", folder,
			strerror(errno));
	free(folder);
	return ret;
}

void build_check_compiler(struct build *b, const char *what, const char *compiler)
{
	const char *version = strchr(compiler, ' ');

	/* "GCC: (Debian 12.2.0-14) 12.2.0" against "... (gcc-12 (Debian 12.2.0-14) 12.2.0, ..." */
	if (!b->version.banner || !version || strstr(b->version.banner, version + 1))
		return;
	problem(&b->warnings, CLI_OK, "compiler",
		"%s was compiled by %s, the kernel by another compiler (%s): structures may "
		"have different layouts in the two compilers", what, version + 1, b->version.banner);
}
