/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the sources of patches: says which function takes the place of which.
 *
 *	#include <subtext.h>
 *	extern int limit;                    the kernel's own variable, static or not
 *	int check(int value);                the function to be replaced
 *	static int check_fixed(int value) { return value <= limit; }
 *	SUBTEXT_REPLACE(check, check_fixed);
 *
 * Each use emits one record into section .subtext.replace, which `subtext build`
 * reads and which does not get into the patch.
 */
#ifndef SUBTEXT_H
#define SUBTEXT_H

#define SUBTEXT_REPLACE_NAME_MAX 120

struct subtext_replace {
	const void *new_function;
	char old_name[SUBTEXT_REPLACE_NAME_MAX];
};

#define SUBTEXT_PASTE_(a, b) a##b
#define SUBTEXT_PASTE(a, b) SUBTEXT_PASTE_(a, b)

/*
 * By name: for a function that has no declaration here, or whose name is not unique
 * in the kernel: "name@file.c" takes the one of that source file, "name@2" the second
 * of the list that `subtext build` shows.
 */
#define SUBTEXT_REPLACE_NAMED(old, new)							\
	static const struct subtext_replace						\
	__attribute__((used, aligned(8), section(".subtext.replace")))			\
	SUBTEXT_PASTE(subtext_replace_, __COUNTER__) = { (const void *)(new), old }

/* Both functions must be declared, and of the same type. */
#define SUBTEXT_REPLACE(old, new)							\
	_Static_assert(__builtin_types_compatible_p(__typeof__(old), __typeof__(new)),	\
		       #new " has not the type of " #old);				\
	SUBTEXT_REPLACE_NAMED(#old, new)

#endif
