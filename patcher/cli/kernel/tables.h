/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own tables about its code: where it patches itself, where a fault has a
 * fixup, what must not be probed. Read from the image; addresses are link-time addresses.
 */
#ifndef CLI_KERNEL_TABLES_H
#define CLI_KERNEL_TABLES_H

#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/kernel.h"

enum kernel_table {
	TABLE_EXCEPTION,	/* target: the fixup; info: type and registers */
	TABLE_JUMP_LABEL,	/* target: where it jumps to; info: 1 branch, 2 init code */
	TABLE_STATIC_CALL,	/* info: 1 tail call, 2 init code */
	TABLE_ALTERNATIVE,	/* target: the replacement; info: CPU feature, with its flags */
	TABLE_PARAVIRT,		/* info: which operation */
	TABLE_RETPOLINE,
	TABLE_RETURN,
	TABLE_CALL,		/* call sites of call depth tracking (Linux 6.2) */
	TABLE_IBT_SEAL,		/* ENDBR64 that the kernel may overwrite */
	TABLE_CFI,		/* kCFI preambles */
	TABLE_SMP_LOCK,		/* LOCK prefixes */
	TABLE_FTRACE,		/* call or NOP at a function's entry */
	TABLE_KPROBE_BLACKLIST,	/* whole functions, and the sections that are out of bounds */
	TABLE_BUG,		/* info: flags, 1 is a warning */
	TABLE_ORC,		/* len: 0 */
	TABLES,
};

struct table_entry {
	uint64_t addr;
	uint64_t target;	/* see above; 0 for the other tables */
	uint32_t len;		/* bytes of code that it is for; at least 1, if not noted above */
	uint32_t info;
};

struct kernel_tables {
	struct kernel_table_list {
		bool present;	/* the kernel has such a table, which may be empty */
		struct table_entry *entries;	/* sorted by address */
		size_t n;
		uint32_t longest;	/* greatest len */
	} t[TABLES];
};

/**
 * kernel_tables_open - reads all of them
 * A table is found by its symbols (__start_..., __stop_...), else by its section. One that is
 * there but in an unknown form is an error: its contents must not be overlooked.
 * Returns 0, or -1 with a sentence for each such table in @p. To be closed in either case.
 */
int kernel_tables_open(struct kernel_tables *t, const struct kernel *k, struct problems *p);
void kernel_tables_close(struct kernel_tables *t);

/* After changes of @l->entries: sorts them, and finds the longest. */
void kernel_table_sort(struct kernel_table_list *l);

/* A word for programs, such as "jump-label", and for people, such as "jump label". */
const char *kernel_table_code(enum kernel_table table);
const char *kernel_table_name(enum kernel_table table);

/* The first entry of @table that has a byte in [from, to), or NULL. */
const struct table_entry *kernel_table_touching(const struct kernel_tables *t,
						enum kernel_table table, uint64_t from,
						uint64_t to);
/* The one behind @e that also has a byte in [from, to), or NULL. */
const struct table_entry *kernel_table_next(const struct kernel_tables *t,
					    enum kernel_table table,
					    const struct table_entry *e, uint64_t from,
					    uint64_t to);

/* The first entry of @table whose target, where the kernel enters code, is in [from, to); or NULL. */
const struct table_entry *kernel_table_target_within(const struct kernel_tables *t,
						     enum kernel_table table, uint64_t from,
						     uint64_t to);

#endif
