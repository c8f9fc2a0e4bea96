/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mechanisms that come with a module: livepatch, and the load of a module with alternatives,
 * a jump label, a static call and paravirtual calls of its own. /lib/coexist holds the files.
 */
#define _GNU_SOURCE
#include "guest-tests/linux/coexist/coexist.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(const char *name, const char *arguments)
{
	char path[128];
	int fd, failed;

	snprintf(path, sizeof(path), "/lib/coexist/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	failed = fd < 0 || syscall(SYS_finit_module, fd, arguments, 0);
	if (failed)
		complain("loading %s", path);
	if (fd >= 0)
		close(fd);
	return failed ? -1 : 0;
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? complain("unloading %s", name) : 0;
}

static long parameter(const char *module, const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	return get(path, text, sizeof(text)) < 0 ? -1 : atol(text);
}

#define LIVEPATCH "/sys/kernel/livepatch/coexist_livepatch/"

static int transition_over(const void *arg)
{
	char text[8];

	(void)arg;
	return get(LIVEPATCH "transition", text, sizeof(text)) > 0 && text[0] == '0';
}

static int livepatch_attach(const struct mechanism *m, const char *function)
{
	(void)function;
	return load(m->detail, "") ? -1 : wait_until(transition_over, NULL, "livepatch's transition");
}

static int livepatch_gone(const void *arg)
{
	struct stat st;

	(void)arg;
	return stat(LIVEPATCH, &st) != 0;
}

static int livepatch_detach(const struct mechanism *m, const char *function)
{
	(void)function;
	if (put(LIVEPATCH "enabled", "0") ||
	    wait_until(livepatch_gone, NULL, "livepatch is not disabled"))
		return -1;
	return unload(m->detail);
}

static int module_attach(const struct mechanism *m, const char *function)
{
	char target[64];

	snprintf(target, sizeof(target), "target=%#llx", (unsigned long long)address_of(function));
	return load(m->detail, target);
}

static int module_detach(const struct mechanism *m, const char *function)
{
	(void)function;
	return unload(m->detail);
}

static long module_hits(const struct mechanism *m, const char *function)
{
	(void)function;
	return parameter(m->detail, "hits");
}

const struct mechanism module_mechanisms[] = {
	{ "livepatch", livepatch_attach, livepatch_detach, module_hits, "coexist_livepatch" },
	{ "module", module_attach, module_detach, module_hits, "coexist_module" },
	{ 0 }
};
