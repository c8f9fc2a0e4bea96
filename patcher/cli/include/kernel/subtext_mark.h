/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the headers of this folder, which stand before the kernel's own when `subtext build`
 * compiles: each place where new code does something in another way than the kernel is
 * marked, so that `subtext inspect` can tell.
 */
#ifndef SUBTEXT_MARK_H
#define SUBTEXT_MARK_H

/* Kinds of marks; patcher/cli/build_marks.c has the words for them. */
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

#endif
