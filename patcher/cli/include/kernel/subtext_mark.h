/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the headers of this folder, which stand before the kernel's own when `subtext build`
 * compiles, and for `subtext build` itself: each place where new code does something in another
 * way than the kernel gets a mark, which `subtext inspect` shows.
 */
#ifndef SUBTEXT_MARK_H
#define SUBTEXT_MARK_H

/* Kinds of marks; patcher/cli/build/special.c has the words for them. */
#define SUBTEXT_MARK_JUMP_LABEL	1
#define SUBTEXT_MARK_CPU_HAS	2
#define SUBTEXT_MARK_WARN	3
#define SUBTEXT_MARK_BUG	4
#define SUBTEXT_MARK_SMAP	5
#define SUBTEXT_MARK_NOSPEC	6
#define SUBTEXT_MARK_RDTSC	7
#define SUBTEXT_MARK_TASK_SIZE	8

/* Two words beside the program: where, and of which kind. The code itself gets nothing. */
#define SUBTEXT_MARK(kind)						\
	asm __inline volatile("771:\n\t"				\
			      ".pushsection .subtext.marks, \"\", @progbits\n\t" \
			      ".long 771b - .\n\t"			\
			      ".long %c0\n\t"				\
			      ".popsection" : : "i" (kind))

/*
 * A CPU feature that the kernel has alternatives for, and what becomes of these in new code; the
 * records of section .subtext.features.
 */
struct subtext_feature {
	unsigned short number;
	unsigned short stays;	/* the original instruction stays; else the build is refused */
	char name[28];
	char why[96];
};

#endif
