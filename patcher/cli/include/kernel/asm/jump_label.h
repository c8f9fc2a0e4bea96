/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's table of jump labels has no place for new code: its branches look at the key
 * each time. What they find is what the kernel's jump_label_update() goes by
 * (kernel/jump_label.c): a key is on unless its count is 0.
 */
#ifndef SUBTEXT_KERNEL_JUMP_LABEL_H
#define SUBTEXT_KERNEL_JUMP_LABEL_H

#define arch_static_branch subtext_unused_static_branch
#define arch_static_branch_jump subtext_unused_static_branch_jump
#include_next <asm/jump_label.h>
#undef arch_static_branch
#undef arch_static_branch_jump

#ifndef __ASSEMBLY__
#include <subtext_mark.h>

/* True where the kernel would have a jump: if the key is not as @branch was written for. */
static __always_inline bool arch_static_branch(struct static_key *const key, const bool branch)
{
	SUBTEXT_MARK(SUBTEXT_MARK_JUMP_LABEL);
	return (*(const volatile int *)&key->enabled.counter != 0) ^ branch;
}

/* The same: the kernel's two differ in the instruction that stands there before boot. */
static __always_inline bool arch_static_branch_jump(struct static_key *const key,
						    const bool branch)
{
	return arch_static_branch(key, branch);
}

#endif
#endif
