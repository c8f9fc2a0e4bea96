/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coexist: one of the kernel's mechanisms on one of its functions, as commands of the test.
 *
 *   coexist attach MECHANISM FUNCTION
 *   coexist detach MECHANISM FUNCTION
 *   coexist probe MECHANISM FUNCTION   hits of it in CALLS calls, and how the functions behave
 *   coexist busy FILE                  state, over and over, until FILE is there; then a summary
 *   coexist state                      how the functions behave
 *   coexist text FUNCTION              CRC of the function's page, and its first bytes, as read
 *
 * The two functions that the test patches are __set_task_comm() and set_dumpable(): they are
 * in the same page, and prctl() calls them at will.
 */
#define _GNU_SOURCE
#include "guest-tests/linux/coexist/coexist.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "patcher/wire/crc32.h"

#define CALLS 50

int complain(const char *format, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "coexist: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, ": %s\n", strerror(error));
	va_end(ap);
	return -1;
}

static int put_with(const char *path, const char *text, int flags)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | flags);
	int failed = fd < 0 || write(fd, text, len) != (ssize_t)len;

	if (failed)
		complain("writing '%s' to %s", text, path);
	if (fd >= 0)
		close(fd);
	return failed ? -1 : 0;
}

int put(const char *path, const char *text)
{
	return put_with(path, text, O_TRUNC);
}

int put_more(const char *path, const char *text)
{
	return put_with(path, text, O_APPEND);
}

long get(const char *path, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	if (fd < 0 || n < 0)
		complain("reading %s", path);
	if (fd >= 0)
		close(fd);
	return fd < 0 || n < 0 ? -1 : (long)len;
}

int wait_until(int (*done)(const void *), const void *arg, const char *what)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	for (int tries = 0; tries < 3000; tries++) {
		if (done(arg))
			return 0;
		nanosleep(&pause, NULL);
	}
	errno = ETIMEDOUT;
	return complain("%s", what);
}

static const struct mechanism *find_mechanism(const char *name)
{
	static const struct mechanism *const tables[] = {
		trace_mechanisms, bpf_mechanisms, module_mechanisms,
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct mechanism *m = tables[i]; m->name; m++)
			if (!strcmp(m->name, name))
				return m;
	fprintf(stderr, "coexist: no mechanism '%s'\n", name);
	return NULL;
}

/* Which __set_task_comm() it was: the names of the new ones begin with another letter. */
static const char *comm_state(void)
{
	char name[17] = "";

	prctl(PR_SET_NAME, "old name");
	prctl(PR_GET_NAME, name);
	if (!strcmp(name, "old name"))
		return "old";
	if (!strcmp(name, "new name"))
		return "new";
	return !strcmp(name, "klp name") ? "klp" : "WRONG";
}

/* Which set_dumpable() it was: the new one does not let a process make itself undumpable. */
static const char *dumpable_state(void)
{
	int got;

	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_DUMPABLE, 0);
	got = prctl(PR_GET_DUMPABLE);
	prctl(PR_SET_DUMPABLE, 1);
	if (prctl(PR_GET_DUMPABLE) != 1)
		return "WRONG";
	return got == 0 ? "old" : got == 1 ? "new" : "WRONG";
}

static int print_state(void)
{
	printf("comm=%s dumpable=%s\n", comm_state(), dumpable_state());
	return 0;
}

static int be_busy(const char *stop)
{
	unsigned long rounds = 0, wrong = 0;
	struct stat st;

	for (; stat(stop, &st); rounds++)
		wrong += !strcmp(comm_state(), "WRONG") || !strcmp(dumpable_state(), "WRONG");
	printf("wrong=%lu rounds=%lu\n", wrong, rounds);
	return wrong != 0;
}

/* "all": it saw each call (others may call, too). "none": it saw nothing. "some" is an error. */
static int probe(const struct mechanism *m, const char *function)
{
	long before = m->hits(m, function), after;

	for (int i = 0; i < CALLS; i++)
		prctl(PR_SET_NAME, "call");
	after = m->hits(m, function);
	if (before < 0 || after < 0)
		return -1;
	printf("fires=%s ", after - before >= CALLS ? "all" : after == before ? "none" : "some");
	return print_state();
}

static uint64_t search_kallsyms(const char *function)
{
	char line[512], name[256];
	unsigned long long address, found = 0;
	FILE *f = fopen("/proc/kallsyms", "r");

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %255s", &address, name) == 2 && !strcmp(name, function))
			found = address;
	if (f)
		fclose(f);
	return found;
}

uint64_t remembered(const char *kind, const char *function, uint64_t (*search)(const char *))
{
	char path[128];
	unsigned long long value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/coexist.%s.%s", kind, function);
	f = fopen(path, "r");
	if (f && fscanf(f, "%llx", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	if (value)
		return value;
	value = search(function);
	f = value ? fopen(path, "w") : NULL;
	if (f) {
		fprintf(f, "%llx\n", value);
		fclose(f);
	}
	return value;
}

uint64_t address_of(const char *function)
{
	return remembered("address", function, search_kallsyms);
}

/* Reads kernel memory as the kernel's own loads see it; 0 or -1. */
static int read_kernel(uint64_t address, uint8_t *to, size_t size)
{
	int fd = open("/proc/kcore", O_RDONLY), status = -1;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	if (fd < 0 || read(fd, &eh, sizeof(eh)) != sizeof(eh))
		goto out;
	for (int i = 0; i < eh.e_phnum && status; i++) {
		off_t at = (off_t)(eh.e_phoff + (uint64_t)i * sizeof(ph));

		if (pread(fd, &ph, sizeof(ph), at) != sizeof(ph))
			break;
		if (ph.p_type != PT_LOAD || address < ph.p_vaddr ||
		    address - ph.p_vaddr + size > ph.p_memsz)
			continue;
		at = (off_t)(ph.p_offset + (address - ph.p_vaddr));
		status = pread(fd, to, size, at) == (ssize_t)size ? 0 : -1;
	}
out:
	if (fd >= 0)
		close(fd);
	return status;
}

static int print_text(const char *function)
{
	uint64_t address = address_of(function);
	uint8_t page[4096];

	if (!address || read_kernel(address & ~UINT64_C(0xfff), page, sizeof(page)))
		return complain("reading the text of %s at %#llx", function,
				(unsigned long long)address);
	printf("crc=%08x bytes=", crc32_update(0, page, sizeof(page)));
	for (size_t i = address & 0xfff, end = i + 12; i < end && i < sizeof(page); i++)
		printf("%02x", page[i]);
	printf("\n");
	return 0;
}

static int run(int argc, char **argv)
{
	const struct mechanism *m;

	if (argc == 2 && !strcmp(argv[1], "state"))
		return print_state();
	if (argc == 3 && !strcmp(argv[1], "busy"))
		return be_busy(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "text"))
		return print_text(argv[2]);
	m = argc == 4 ? find_mechanism(argv[2]) : NULL;
	if (m && !strcmp(argv[1], "attach"))
		return m->attach(m, argv[3]);
	if (m && !strcmp(argv[1], "detach"))
		return m->detach(m, argv[3]);
	if (m && !strcmp(argv[1], "probe"))
		return probe(m, argv[3]);
	fprintf(stderr, "usage: coexist attach|detach|probe MECHANISM FUNCTION\n"
		"       coexist busy FILE\n       coexist state\n       coexist text FUNCTION\n");
	return -1;
}

int main(int argc, char **argv)
{
	return run(argc, argv) ? EXIT_FAILURE : EXIT_SUCCESS;
}
