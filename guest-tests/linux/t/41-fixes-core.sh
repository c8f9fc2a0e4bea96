#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Published fixes of file systems, memory, IPC, BPF and Landlock, by C source, in the kernel that has
# the bugs: the effect of each is seen from user space, goes and comes with the patch
# (docs/fixes.md).
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../fixes/lib.sh
. "$(dirname "$0")/../fixes/lib.sh"

fixes_start
for name in seccomp-tsync sigio-lock tmpfile-owner fs-log hugetlb-mremap ipc-next-id cgroup-storage-key \
	landlock-whiteout; do
	fix $name
done
build_refused safe-ret "no probe in it .noinstr, entry code"
linux_log_clean
finish
