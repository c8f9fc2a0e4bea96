#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's tracers and its own patch points, and Subtext's patches of the same function or page:
# each before, while and after the patch is live. Rows of docs/coexistence.md.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../coexist/cells.sh
. "$(dirname "$0")/../coexist/cells.sh"

start_coexist
for name in ${MECHANISMS:-function function_graph bpf jump_label static_call module}; do
	mechanism_rows "$name"
done

# All functions that can be traced, at once: the kernel rewrites each entry of its text.
tracer=/sys/kernel/tracing/current_tracer
apply_quietly --id comm
must "echo function >$tracer; coexist state"
is "all functions traced, the patch live" "$answer" 'comm=new dumpable=old'
revert_quietly comm
must "coexist state; echo nop >$tracer; coexist state; coexist text $FUNCTION"
is "... then reverted, then not traced" "$answer" "comm=old dumpable=old
comm=old dumpable=old
$text"
linux_log_clean
finish
