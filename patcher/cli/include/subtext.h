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

/*
 * Both functions must be declared, and of the same type. If the old one has no declaration in
 * the kernel's headers (most static functions), write one: "static" is left out then.
 */
#define SUBTEXT_REPLACE(old, new)							\
	_Static_assert(__builtin_types_compatible_p(__typeof__(old), __typeof__(new)),	\
		       #new " has not the type of " #old);				\
	SUBTEXT_REPLACE_NAMED(#old, new)

#define SUBTEXT_SYMBOL_NAME_MAX 120

struct subtext_symbol {
	char alias[SUBTEXT_SYMBOL_NAME_MAX];
	char target[SUBTEXT_SYMBOL_NAME_MAX];
};

/*
 * Binds a name that is declared here to a symbol of the kernel of another name: one that C
 * cannot write, as a static variable of a function, or one that is not unique there.
 *
 *	extern int shown;
 *	SUBTEXT_SYMBOL(shown, "shown.3");
 *	extern struct mutex lock_of_b;
 *	SUBTEXT_SYMBOL(lock_of_b, "lock@2");
 *
 * The target is as for SUBTEXT_REPLACE_NAMED, or an address "0x...".
 */
#define SUBTEXT_SYMBOL(alias, target)							\
	_Static_assert(sizeof(&(alias)) && sizeof(target) <= SUBTEXT_SYMBOL_NAME_MAX,	\
		       "the name of the kernel's symbol is too long");			\
	static const struct subtext_symbol						\
	__attribute__((used, aligned(8), section(".subtext.symbols")))			\
	SUBTEXT_PASTE(subtext_symbol_, __COUNTER__) = { #alias, target }

#endif
