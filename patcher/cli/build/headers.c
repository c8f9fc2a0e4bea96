/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The headers that the source of a patch is compiled with, within the program itself, so
 * that it works wherever it is copied to. The files are those in patcher/cli/include.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/headers.h"

/* Assembled from the top of the repository, as everything is. */
#define HEADER(symbol, file)							\
	__asm__(".pushsection .rodata\n"					\
		#symbol ": .incbin \"patcher/cli/include/" file "\"\n"		\
		#symbol "_end: .byte 0\n"					\
		".popsection\n");						\
	extern const char symbol[], symbol##_end[]

HEADER(header_subtext, "subtext.h");
HEADER(header_mark, "kernel/subtext_mark.h");
HEADER(header_extable, "kernel/subtext_extable.h");
HEADER(header_late, "kernel/subtext_late.h");
HEADER(header_barrier, "kernel/asm/barrier.h");
HEADER(header_bug, "kernel/asm/bug.h");
HEADER(header_cpufeature, "kernel/asm/cpufeature.h");
HEADER(header_jump_label, "kernel/asm/jump_label.h");
HEADER(header_msr, "kernel/asm/msr.h");
HEADER(header_page_64, "kernel/asm/page_64.h");
HEADER(header_smap, "kernel/asm/smap.h");

static const struct {
	const char *path;	/* in the folder; its own folders come first */
	const char *text, *end;
} headers[] = {
	{ "include",				NULL, NULL },
	{ "include/subtext.h",			header_subtext, header_subtext_end },
	{ "include/kernel",			NULL, NULL },
	{ "include/kernel/subtext_mark.h",	header_mark, header_mark_end },
	{ "include/kernel/subtext_extable.h",	header_extable, header_extable_end },
	{ "include/kernel/subtext_late.h",	header_late, header_late_end },
	{ "include/kernel/asm",			NULL, NULL },
	{ "include/kernel/asm/barrier.h",	header_barrier, header_barrier_end },
	{ "include/kernel/asm/bug.h",		header_bug, header_bug_end },
	{ "include/kernel/asm/cpufeature.h",	header_cpufeature, header_cpufeature_end },
	{ "include/kernel/asm/jump_label.h",	header_jump_label, header_jump_label_end },
	{ "include/kernel/asm/msr.h",		header_msr, header_msr_end },
	{ "include/kernel/asm/page_64.h",	header_page_64, header_page_64_end },
	{ "include/kernel/asm/smap.h",		header_smap, header_smap_end },
};

int build_write_text(struct build *b, const char *folder, const char *name, const char *text,
		     size_t len)
{
	char *path = xprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "we");
	bool ok = f && fwrite(text, 1, len, f) == len;

	if (f && fclose(f))
		ok = false;
	if (!ok)
		problem(&b->problems, CLI_INPUT, "unwritable", "cannot write %s: %s", path,
			strerror(errno));
	free(path);
	return ok ? 0 : -1;
}

static int make_folder(struct build *b, const char *folder, const char *name)
{
	char *path = xprintf("%s/%s", folder, name);
	int ret = 0;

	if (mkdir(path, 0777) && errno != EEXIST)
		ret = problem(&b->problems, CLI_INPUT, "unwritable", "cannot make %s: %s", path,
			      strerror(errno));
	free(path);
	return ret;
}

int build_write_headers(struct build *b, const char *folder)
{
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		size_t len = (size_t)(headers[i].end - headers[i].text);

		if (headers[i].text ?
		    build_write_text(b, folder, headers[i].path, headers[i].text, len) :
		    make_folder(b, folder, headers[i].path))
			return -1;
	}
	return 0;
}
