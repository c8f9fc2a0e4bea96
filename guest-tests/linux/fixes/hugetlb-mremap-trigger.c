/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moves a hugetlb mapping whose first page table is missing, and looks for its data.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE	(2UL << 20)
#define LEN	(1UL << 30)
/* one page before a multiple of 1 GiB, to 256 MiB behind one */
#define FROM	((char *)(0x1000000000UL - PAGE))
#define TO	((char *)0x2010000000UL)
/* where the data comes to lie if both addresses skip to the end of their 1 GiB */
#define ASTRAY	(0x2040000000UL - 0x2010000000UL)

static int pages(int n)
{
	FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "w");

	return !pool || fprintf(pool, "%d\n", n) < 0 || fclose(pool);
}

int main(void)
{
	char *from, *to;

	if (pages(4)) {
		printf("broken: no huge pages\n");
		return 1;
	}
	from = mmap(FROM, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE | MAP_HUGETLB | MAP_FIXED_NOREPLACE, -1, 0);
	if (from != FROM) {
		printf("broken: mmap: %s\n", strerror(errno));
		return 1;
	}
	from[PAGE] = 'x';
	to = mremap(from, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, TO);
	if (to != TO)
		printf("broken: mremap: %s\n", strerror(errno));
	else if (to[PAGE] == 'x')
		printf("fixed: the data is where it belongs\n");
	else if (to[ASTRAY] == 'x')
		printf("old: the data is %lu MiB behind where it belongs\n", (ASTRAY - PAGE) >> 20);
	else
		printf("broken: the data is gone\n");
	munmap(to, LEN);
	return pages(0);
}
