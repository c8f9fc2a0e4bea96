#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Published fixes of system calls, file systems, memory, IPC and Landlock, by C source, in the
# kernel that has the bugs: the effect of each is seen from user space, goes and comes with the
# patch; and two that the build refuses (docs/fixes.md).
# cpus: 2
# shellcheck source=/dev/null
. "$(dirname "$0")/../fixes/lib.sh"

fixes_start --modules binfmt_misc
for name in seccomp-tsync sigio-lock tmpfile-owner fs-log hugetlb-mremap ipc-next-id \
	landlock-whiteout; do
	fix "$name"
done
fix_module binfmt-write binfmt_misc fs/binfmt_misc.ko
fixes_together
build_refused safe-ret "'error_entry'.* no probe in it .noinstr, entry code"
build_refused trace-modname "'print_rec'.* no NOP for its tracer at its entry"
linux_log_clean
finish
